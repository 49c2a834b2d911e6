"""The verdicts that there are, and what they come to."""

import collections
import concurrent.futures
import hashlib
import json
import pathlib
import threading

from judge import Budget, Judge, Program, World, survey
from tree import ROOT, say

EQUIVALENTS = ROOT / "properties/mutants/equivalents.json"


def folder_of(mutant):
    parts = mutant["file"].split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


class Results:
    def __init__(self, out):
        self.out = pathlib.Path(out)
        listed = self.out / "mutants.json"
        if not listed.exists():
            raise SystemExit("mutate: there is no program with mutants: run `mutate make` before")
        self.mutants = json.loads(listed.read_text())
        self.file = self.out / "verdicts.jsonl"
        self.verdicts = {}
        known = {mutant["identity"]: mutant["id"] for mutant in self.mutants}
        if self.file.exists():
            for line in self.file.read_text().splitlines():
                verdict = json.loads(line)
                if verdict["identity"] in known:
                    number = known[verdict["identity"]]
                    self.verdicts[number] = verdict | {"id": number}
        self.equivalents = json.loads(EQUIVALENTS.read_text()) if EQUIVALENTS.exists() else {}

    # Running.

    def run(self, arguments):
        program = Program(self.out / arguments.target)
        worlds = self._worlds(program, arguments)
        chosen = self._chosen(arguments)
        files = {mutant["id"]: mutant["file"] for mutant in self.mutants}
        known = [(files[number], verdict) for number, verdict in self.verdicts.items()]
        judge = Judge(program, worlds, arguments.seeds, Budget(arguments.seconds), known)
        lock = threading.Lock()
        done = 0

        def one(mutant):
            nonlocal done
            verdict = judge.judge(mutant) | {"identity": mutant["identity"]}
            with lock:
                done += 1
                self.verdicts[mutant["id"]] = verdict
                with self.file.open("a") as file:
                    file.write(json.dumps(verdict) + "\n")
                how = f" by {verdict['by']} in {verdict.get('in', '?')}" if "by" in verdict else ""
                say(f"{done}/{len(chosen)} {mutant['file']}:{mutant['line']} {mutant['operator']}: "
                    f"{verdict['verdict']}{how}")  # fmt: skip

        say(f"mutate: judges {len(chosen)} mutants")
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(one, chosen))

    def _worlds(self, program, arguments):
        kept = self.out / "worlds.json"
        if kept.exists() and kept.stat().st_mtime > program.path.stat().st_mtime:
            listed = json.loads(kept.read_text())
            return [World(w["scenario"], w["seconds"], set(w["met"]), w["hashes"]) for w in listed]
        say("mutate: sees which mutants each scenario meets")
        worlds = survey(program, arguments.seeds, arguments.jobs)
        listed = [vars(world) | {"met": sorted(world.met)} for world in worlds]
        kept.write_text(json.dumps(listed))
        return worlds

    def _chosen(self, arguments):
        chosen = [m for m in self.mutants if m["identity"] not in self.equivalents]
        if arguments.ids:
            chosen = [mutant for mutant in chosen if mutant["id"] in set(arguments.ids)]
        chosen.sort(key=lambda m: hashlib.sha256(f"{arguments.by} {m['identity']}".encode()).digest())
        if arguments.sample:
            chosen = self._spread(chosen, arguments.by)[: arguments.sample]
        part, parts = (int(each) for each in arguments.shard.split("/"))
        chosen = chosen[part::parts]
        return [m for m in chosen if arguments.again or m["id"] not in self.verdicts]

    @staticmethod
    def _spread(mutants, by):
        """Such that whoever takes some of the first has the same share of each folder and operator."""
        groups = collections.defaultdict(list)
        for mutant in mutants:
            groups[folder_of(mutant), mutant["operator"]].append(mutant)
        ranked = []
        for name, group in groups.items():
            # Where a group begins is chance, or the large ones would always come first.
            digest = hashlib.sha256(f"{by} {name}".encode()).digest()
            begin = int.from_bytes(digest[:4], "big") / 2**32
            ranked += [((n + begin) / len(group), mutant) for n, mutant in enumerate(group)]
        ranked.sort(key=lambda each: each[0])
        return [mutant for _, mutant in ranked]

    # Telling.

    def report(self):
        judged = [m for m in self.mutants if m["id"] in self.verdicts]
        lines = [f"{len(judged)} of {len(self.mutants)} mutants were judged", ""]
        for name, key in (("folder", folder_of), ("operator", lambda m: m["operator"])):
            lines += [f"| {name} | mutants | met | killed | of all | of those met |", "|---|---|---|---|---|---|"]  # fmt: skip
            groups = collections.defaultdict(list)
            for mutant in judged:
                groups[key(mutant)].append(self.verdicts[mutant["id"]]["verdict"])
                groups["~all"].append(self.verdicts[mutant["id"]]["verdict"])
            for group, verdicts in sorted(groups.items()):
                killed = verdicts.count("killed")
                met = len(verdicts) - verdicts.count("never met")
                lines.append(
                    f"| {group.strip('~')} | {len(verdicts)} | {met} | {killed} "
                    f"| {100 * killed // len(verdicts)} % | {100 * killed // max(met, 1)} % |"
                )
            lines.append("")
        for verdict, sentence in (("survived", "Survivors"), ("never met", "Never met")):
            lines += [f"{sentence}:"]
            for mutant in judged:
                found = self.verdicts[mutant["id"]]
                if found["verdict"] == verdict:
                    seen = "" if verdict == "never met" else " (seen)" if found["differs"] else " (the same runs)"  # fmt: skip
                    lines.append(
                        f"  {mutant['id']} {mutant['file']}:{mutant['line']} {mutant['operator']}"
                        f"{seen}: {mutant['original'][:90]} -> {mutant['mutant'][:90]}"
                    )
            lines.append("")
        return "\n".join(lines)
