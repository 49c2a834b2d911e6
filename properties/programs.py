"""What is asked of a `vivarium` that was built for who wants to know something of it."""

import json
import subprocess


def scenarios(program):
    """Of a program, by name."""
    listed = subprocess.run(
        [program, "list", "--json"], check=True, capture_output=True, text=True
    ).stdout
    return [each["name"] for each in json.loads(listed)["scenarios"]]
