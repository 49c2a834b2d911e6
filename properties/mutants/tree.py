"""The tree with every mutant in it, built once over the release build."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

from clang import cindex

from operators import Finder
from overlay import ROOT, Overlay
from spans import Rendered

COMPILER = "clang++-19"


def say(text):
    print(text, file=sys.stderr, flush=True)


def files_of_tree():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


def put(path, content):
    """Writes what has changed, and leaves the time of what has not."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


class Source:
    def __init__(self, path, spans):
        self.path = path  # within the tree
        self.bytes = (ROOT / path).read_bytes()
        self.spans = spans
        self.rendered = None

    def render(self, header):
        # A mutant may well leave a variable unused.
        prelude = f'#include "{header}"\n#pragma clang diagnostic ignored "-Weverything"'
        self.rendered = Rendered(self.bytes, self.spans, prelude)
        return bytes(self.rendered.text)

    def drop(self, gone):
        """Leaves out the mutants of which that is true, by id or identity; returns what they were."""
        dropped = []
        for span in self.spans:
            kept = []
            for mutant in span.mutants:
                identity = self.identity(span, mutant)
                (dropped if gone(mutant.id, identity) else kept).append((identity, mutant))
            span.mutants = [mutant for _, mutant in kept]
        return [identity for identity, _ in dropped]

    def original(self, span):
        return " ".join(self.bytes[span.start : span.end].decode().split())

    def identity(self, span, mutant):
        """What a mutant is, whatever its number: it stays the same while its place does."""
        return "|".join([self.path, mutant.operator, self.original(span), mutant.replacement])

    def mutants(self):
        for span in self.spans:
            for mutant in span.mutants:
                yield span, mutant


class Tree:
    """Mutated sources, in a folder of their own, and the program that is built with them.

    `sources`: prefixes of the paths that are mutated; `but`: of those that are not; `files`: so many
    of them, which `by` decides, and no headers; None: all.
    """

    def __init__(self, out, sources, but, target, files=None, by=""):
        self.out = pathlib.Path(out).resolve()
        self.prefixes = tuple(sources)
        self.but = tuple(but)
        self.target = target
        self.files = files
        self.by = by
        self.sources = []

    def make(self):
        say("mutate: builds the tree as it is")
        # It is compiled once, and run often, but no more is optimised than pays.
        self.overlay = Overlay(self.out, self.target, ["-O1", "-g0"])
        self.copy = self.overlay.tree
        self._choose()
        self._find()
        self._number()
        self._drop_what_does_not_compile()
        self._build()
        self._list()

    def _choose(self):
        listed = files_of_tree()
        self.mutated = [
            path for path in listed
            if path.startswith(self.prefixes) and not path.startswith(self.but)
            and path.endswith((".cpp", ".hpp"))
        ]  # fmt: skip
        if self.files is not None:
            some = [path for path in self.mutated if path.endswith(".cpp")]
            some.sort(key=lambda path: hashlib.sha256(f"{self.by} {path}".encode()).digest())
            self.mutated = some[: self.files]
        chosen = set(self.mutated)
        for path in self.copy.rglob("*"):
            if path.is_file() and str(path.relative_to(self.copy)) not in chosen:
                path.unlink()
        self.flags = self.overlay.flags(next(p for p in self.mutated if p.endswith(".cpp")))

    def _find(self):
        say(f"mutate: reads {len(self.mutated)} sources")
        index = cindex.Index.create()
        # The originals, in the places of their copies, in which mutants may be already.
        originals = [(str(self.copy / path), (ROOT / path).read_text()) for path in self.mutated]
        for path, (place, text) in zip(self.mutated, originals):
            original = text.encode()
            unit = index.parse(place, args=["-x", "c++", *self.flags], unsaved_files=originals)
            errors = [each for each in unit.diagnostics if each.severity >= cindex.Diagnostic.Error]
            if errors:
                raise SystemExit(f"mutate: {path} cannot be read: {errors[0].spelling}")
            found = Finder(unit, place, original)
            self.sources.append(Source(path, found.spans))

    def _number(self):
        number = 0
        for source in self.sources:
            for _, mutant in source.mutants():
                number += 1
                mutant.id = number
        say(f"mutate: {number} mutants")

    def _header(self):
        return str(ROOT / "properties/mutants/switch.hpp")

    def _drop_what_does_not_compile(self):
        say("mutate: leaves out what does not compile")
        self._drop_known()
        self._put_mutated()
        waiting = list(self.sources)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            while waiting:
                said = list(pool.map(self._errors_of, waiting))
                waiting = [source for source, errors in zip(waiting, said) if errors]
                for errors in filter(None, said):
                    self._drop_named(errors)
                self._put_mutated()

    def _drop_known(self):
        """What did not compile before will not now: so nothing is built twice."""
        self.refused = set()
        kept = self.out / "refused.json"
        if kept.exists():
            self.refused = set(json.loads(kept.read_text()))
        for source in self.sources:
            source.drop(lambda _, identity: identity in self.refused)

    def _put_mutated(self):
        for source in self.sources:
            put(self.copy / source.path, source.render(self._header()))

    def _errors_of(self, source):
        said = subprocess.run(
            [COMPILER, "-x", "c++", *self.flags, "-fsyntax-only", "-ferror-limit=0",
             "-fno-caret-diagnostics", str(self.copy / source.path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return said.stderr if said.returncode != 0 else ""

    def _drop_named(self, said):
        """Drops the mutants that stand where the compiler complains; says how many those are.

        Some may be gone already: many sources complain of one header.
        """
        found = 0
        by_path = {str(self.copy / each.path): each for each in self.sources}
        for kind in ("error", "note"):
            for path, line, column in re.findall(rf"^(/\S+?):(\d+):(\d+): (?:fatal )?{kind}:", said, re.M):  # fmt: skip
                source = by_path.get(path)
                if source is not None:
                    rendered = source.rendered
                    guilty = rendered.guilty(rendered.offset(int(line), int(column)))
                    found += len(guilty)
                    self.refused.update(source.drop(lambda id, _, ids=guilty: id in ids))
            if found:
                (self.out / "refused.json").write_text(json.dumps(sorted(self.refused)))
                return found
        say(said)
        raise SystemExit("mutate: nothing that is mutated is where it does not compile")

    def _build(self):
        say("mutate: builds")
        while True:
            built = self.overlay.build("-k", "0")
            if built.returncode == 0:
                return
            say(f"mutate: leaves out {self._drop_named(built.stdout)} more")
            self._put_mutated()

    def _list(self):
        listed = []
        for source in self.sources:
            for span, mutant in source.mutants():
                line = source.bytes.count(b"\n", 0, span.start) + 1
                listed.append({
                    "id": mutant.id, "file": source.path, "line": line,
                    "operator": mutant.operator,
                    "original": source.original(span),
                    "mutant": mutant.replacement, "identity": source.identity(span, mutant),
                })  # fmt: skip
        (self.out / "mutants.json").write_text(json.dumps(listed, indent=1) + "\n")
        say(f"mutate: {len(listed)} mutants that compile, in {self.out / self.target}")
