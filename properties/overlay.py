#!/usr/bin/python3
"""A program with other text in some of its sources, built on from the release build that is there.

Sources that stand in a folder hide those of the tree. What reads one of them is compiled anew, and
linked before the libraries of the release build, which give the rest: so a planted bug costs what its
patch touches, and no build of its own.

    properties/overlay.py FOLDER OUT    builds `vivarium` with FOLDER/tree over the tree, into OUT
"""

import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
RELEASE = ROOT / "build/release"


def ninja(*words):
    return subprocess.run(
        ["ninja", "-C", RELEASE, *words], check=True, capture_output=True, text=True
    ).stdout


def build_release(target):
    if not (RELEASE / "build.ninja").exists():
        subprocess.run(
            ["cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
    built = subprocess.run(
        ["ninja", "-C", RELEASE, target], check=False, capture_output=True, text=True
    )
    if built.returncode != 0:
        print(built.stdout[-3000:], file=sys.stderr)
        raise SystemExit("overlay: the tree itself does not build")


def read_by_object():
    """What each object was made from, absolute paths, as the compiler said."""
    read = {}
    for line in ninja("-t", "deps").splitlines():
        if line.startswith("    "):
            files.add(line.strip())
        elif ": #deps" in line:
            files = read.setdefault(line.split(": #deps")[0], set())
    return read


def without(words, valued, alone=()):
    """The words without these options: those that a value follows, and those that stand alone."""
    rest = iter(words)
    kept = []
    for word in rest:
        if word in valued:
            next(rest)
        elif word not in alone:
            kept.append(word)
    return kept


class Step:
    """How one object, or precompiled header, of the release build is made."""

    def __init__(self, command):
        words = shlex.split(command)
        self.launcher = words[: next(i for i, word in enumerate(words) if "clang++" in word)]
        self.words = words[len(self.launcher) :]
        self.output = self._value("-o")
        self.source = self._value("-c")
        self.is_header = self.output.endswith(".pch")

    def _value(self, flag):
        return self.words[self.words.index(flag) + 1]

    def command(self, translate, include, output, extra):
        """The same with other paths; its own output and list of what it read."""
        words = []
        for word in without(self.words, ("-o", "-MF", "-MT")):
            words += [f"-I{include}", word] if word == f"-I{ROOT}" else [translate(word)]
        return [*self.launcher, *words, *extra, "-MT", output, "-MF", f"{output}.d", "-o", output]


class Overlay:
    """In `folder`: `tree/` hides sources of the tree; objects and the program stand beside it."""

    def __init__(self, folder, target="vivarium", extra=()):
        self.folder = pathlib.Path(folder).resolve()
        self.tree = self.folder / "tree"
        self.target = target
        self.extra = list(extra)  # flags
        build_release(target)
        *compiled, self.link = ninja("-t", "commands", f"bin/{target}").splitlines()
        self.steps = [Step(line) for line in compiled if " -c " in line]

    def program(self):
        return self.folder / self.target

    def flags(self, path):
        """How the compiler is called for a source, without the source and its output."""
        step = next(each for each in self.steps if each.source == str(ROOT / path))
        words = step.command(lambda word: word, self.tree, "-", self.extra)[len(step.launcher) + 1 :]
        return without(words, ("-o", "-c", "-MF", "-MT"), ("-MD", "-Winvalid-pch", "-Werror"))

    def build(self, *options):
        """Writes what has to be made anew, and makes it: the answer of ninja."""
        self._write()
        return subprocess.run(
            ["ninja", "-C", self.folder, *options], check=False, capture_output=True, text=True
        )

    def _write(self):
        hidden = {
            str(path.relative_to(self.tree)) for path in self.tree.rglob("*") if path.is_file()
        }
        originals = {str(ROOT / path) for path in hidden}
        read = read_by_object()
        anew = [step for step in self.steps if originals & read.get(step.output, set())]
        moved = {str(ROOT / path): str(self.tree / path) for path in hidden}
        for step in anew:
            if step.is_header:
                header = RELEASE / step.output.removesuffix(".pch")
                copy = self.folder / step.output.removesuffix(".pch")
                moved[str(header)] = str(copy)
                moved[f"{header}.pch"] = f"{copy}.pch"
                self._put(copy, self._translated(header.read_text(), moved))
        # Which sources are hidden is a part of each command: what one hides, another may not.
        salt = hashlib.sha256("\n".join(sorted(hidden)).encode()).hexdigest()[:16]
        lines = ["rule run", "  command = cd $release && : $salt && $what",
                 "  depfile = $out.d", "  deps = gcc", "rule link",
                 "  command = cd $release && $what",
                 f"release = {RELEASE}", f"salt = {salt}"]  # fmt: skip
        objects = []
        for step in anew:
            output = str(self.folder / step.output)
            pathlib.Path(output).parent.mkdir(parents=True, exist_ok=True)
            command = step.command(lambda word: moved.get(word, word), self.tree, output, self.extra)
            headers = [moved[word] for word in step.words if word.endswith(".pch") and word in moved]
            after = "" if step.is_header else " | " + " ".join(headers)
            lines += [f"build {output}: run {moved.get(step.source, step.source)}{after}",
                      f"  what = {self._escaped(command)}"]  # fmt: skip
            if not step.is_header:
                objects.append(output)
        lines += self._link(objects)
        self._put(self.folder / "build.ninja", "\n".join(lines) + "\n")

    def _link(self, objects):
        words = shlex.split(self.link.removeprefix(": && ").removesuffix(" && :"))
        ours = {os.path.relpath(each, self.folder): each for each in objects}
        place = words.index("-o")
        first = [ours.pop(word, word) for word in words[:place]]
        libraries = [str(RELEASE / word) for word in words if word.endswith(".a")]
        command = [*first, *ours.values(), "-Wl,--strip-debug", "-o", str(self.program()), *words[place + 2 :]]
        return [f"build {self.program()}: link {' '.join(objects)} | {' '.join(libraries)}",
                f"  what = {self._escaped(command)}", f"default {self.program()}"]  # fmt: skip

    @staticmethod
    def _escaped(words):
        return shlex.join(words).replace("$", "$$")

    @staticmethod
    def _translated(text, moved):
        return re.sub(r'"(/[^"]+)"', lambda found: f'"{moved.get(found[1], found[1])}"', text)

    @staticmethod
    def _put(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def main():
    folder, out = sys.argv[1:]
    overlay = Overlay(folder)
    built = overlay.build()
    if built.returncode != 0:
        print(built.stdout[-3000:], file=sys.stderr)
        return 1
    shutil.copy2(overlay.program(), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
