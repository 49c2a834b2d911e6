"""`vivarium`, built in a folder of its own for who wants to know something of it."""

import json
import subprocess

COMPILER = "clang++-19"


def configure(source, build, *options):
    """Unless that was done before. No more is optimised than pays: it is compiled once, and run often."""
    if (build / "build.ninja").exists():
        return
    subprocess.run(
        ["cmake", "-S", source, "-B", build, "-G", "Ninja",
         "-DVIVARIUM_TESTS=OFF", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
         "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g0",
         "-DCMAKE_C_COMPILER=clang-19", f"-DCMAKE_CXX_COMPILER={COMPILER}", *options],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def scenarios(program):
    """Of a program, by name."""
    listed = subprocess.run(
        [program, "list", "--json"], check=True, capture_output=True, text=True
    ).stdout
    return [each["name"] for each in json.loads(listed)["scenarios"]]
