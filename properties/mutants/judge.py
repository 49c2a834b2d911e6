"""Runs mutants: first in the scenarios that meet them, then in all, until one breaks or time is up."""

import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile
import time

import programs


@dataclasses.dataclass
class Budget:
    seconds: float  # of one mutant, of one core
    seeds: int = 1000


class Program:
    """The program with the mutants in it."""

    def __init__(self, path):
        self.path = pathlib.Path(path).resolve()

    def scenarios(self):
        return programs.scenarios(self.path)

    def explore(self, arguments, seconds, mutant=0, met=None):
        """What came of it: (code, answer, hashes); the code is None if it hung."""
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            hashes = pathlib.Path(folder) / "hashes"
            environment = dict(os.environ, MUTANT=str(mutant))
            if met is not None:
                environment["MUTANTS_MET"] = str(met)
            try:
                done = subprocess.run(
                    [self.path, "explore", *arguments, "--jobs", "1", "--json", "--quiet",
                     "--no-shrink", "--hashes", str(hashes), "--out", folder],
                    env=environment, capture_output=True, text=True, check=False,
                    timeout=seconds, cwd=folder,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return None, {}, {}
            try:
                answer = json.loads(done.stdout)
            except json.JSONDecodeError:
                answer = {}
            lines = hashes.read_text().splitlines() if hashes.exists() else []
            return done.returncode, answer, dict(line.rsplit(" ", 1) for line in lines)


@dataclasses.dataclass
class World:
    """What the unchanged program does in one scenario."""

    scenario: str
    seconds: float
    met: set
    hashes: dict


def survey(program, seeds, jobs):
    """Which mutants each scenario meets, in its calm run and so many seeds."""

    def one(scenario):
        with tempfile.NamedTemporaryFile(prefix="met-") as met:
            began = time.monotonic()
            code, _, hashes = program.explore(
                [scenario, "--calm", "--seeds", f"1..{seeds}"], 600, met=met.name
            )
            if code != 0:
                raise SystemExit(f"mutate: {scenario} is broken without any mutant")
            ids = {int(line) for line in pathlib.Path(met.name).read_text().split()}
            return World(scenario, time.monotonic() - began, ids, hashes)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, program.scenarios()))


class Judge:
    """`known` are verdicts with the files of their mutants: what has killed one of a file is tried
    first on the next."""

    def __init__(self, program, worlds, seeds, budget, known=()):
        self.program = program
        self.worlds = worlds
        self.seeds = seeds
        self.budget = budget
        self.usual = {run: value for world in worlds for run, value in world.hashes.items()}
        self.kills = collections.Counter()
        for file, verdict in known:
            self._learn(file, verdict)

    def judge(self, mutant):
        """The verdict on one of the list: "killed", "survived" or "never met", and how."""
        number = mutant["id"]
        file = mutant["file"]
        meets = [world for world in self.worlds if number in world.met]
        meets.sort(key=lambda world: (-self.kills[file, world.scenario], world.seconds))
        verdict = {"id": number, "met_by": len(meets), "runs": 0, "differs": False}
        if not meets:
            return verdict | {"verdict": "never met"}
        end = time.monotonic() + self.budget.seconds
        names = [w.scenario for w in meets]
        others = [w.scenario for w in self.worlds if w.scenario not in set(names)]
        # Calm runs are cheap, and show what is plain.
        for scenarios, *plan in (
            (names, "--calm"),
            (names, "--seeds", f"1..{self.seeds}"),
            (names + others, "--seeds", f"1..{self.budget.seeds}"),
        ):
            left = end - time.monotonic()
            if left <= 0:
                break
            if self._run(verdict, scenarios, plan, left):
                break
        verdict["verdict"] = "killed" if "by" in verdict else "survived"
        self._learn(file, verdict)
        return verdict

    def _learn(self, file, verdict):
        if "in" in verdict:
            self.kills[file, verdict["in"]] += 1

    def _run(self, verdict, scenarios, plan, left):
        stop = ["--stop-after", "1", "--for", f"{max(1, int(left))}s"]
        code, answer, hashes = self.program.explore(
            [*scenarios, *plan, *stop], left + 60, verdict["id"]
        )
        verdict["runs"] += len(hashes)
        if any(self.usual.get(run, value) != value for run, value in hashes.items()):
            verdict["differs"] = True
        if code is None:
            verdict["by"] = "it hangs"
        elif answer.get("broken"):
            broken = answer["broken"][0]
            verdict["by"] = broken["property"]
            verdict["in"] = broken["scenario"]
            verdict["seed"] = broken["seed"]
        elif code not in (0, 3):
            verdict["by"] = f"it dies ({code})"
        return "by" in verdict
