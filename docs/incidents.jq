# docs/incidents.md: what went wrong, or could have, and what proves that it cannot.
def ticked: map("`\(.)`") | join(", ");
def joined: [.[] | select(. != "")] | join(", ");
def row:
    "| \(.id) | \(.what) | \([(.scenarios | ticked), (.also // "")] | joined) "
    + "| \(.properties | join(", ")) | \(.bugs | join(", ")) |";

.incidents |
"# Incidents, and what proves that they cannot happen

Made by `docs/tables` of `docs/incidents.json`. `./dev test` fails if a row names what is not there, or is hollow: each bug
is caught in one of the scenarios beside it by one of the properties beside it, and each of these catches one of the bugs.
[catches.md](catches.md) has what was measured, and `./dev planted` measures it again.

Each line is something that went wrong, or could have, in a control plane for machines: S are situations, K, I and M are
bugs of three real ones, in which they were found. Beside it: the scenario that plays it in every run, the property that
forbids its bad end, and the planted bug that shows that the property can fail. `storm` meets most of them by chance.
`vivarium run SCENARIO --story` tells any of them.

| id | what happens | scenario | property | planted bug |
|---|---|---|---|---|",
(.situations[] | row),
"
## Found by reading, and by trying the server

R and A are faults that close readings of the core found, T those that a trial of `lifecycled` on sockets found. Those of the
server have a test on sockets in place of a scenario.

| id | what happens | scenario or test | property | planted bug |
|---|---|---|---|---|",
(.readings[] | row),
"
## Invariants

| id | property |
|---|---|",
(.invariants[] | "| \(.id) | \(.properties | join(", ")) |")
