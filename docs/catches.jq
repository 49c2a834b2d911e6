# Which scenario alone, and which property alone, catches which planted bug.
def several($most):
    if length == 0 then "-"
    elif length <= $most then join(", ")
    else (.[:$most] | join(", ")) + " and \(length - $most) more" end;

.bugs as $bugs | .catches as $catches |
"# What catches what

Made by `docs/tables` of what `properties/planted/catches` measured: with each planted bug, the calm run of every scenario,
and 20 seeds of the scenarios that incidents.md names beside it and whose calm run shows nothing, each run to its end whatever broke on the
way. So each scenario and each property here would have caught the bug alone. Scenarios in which the calm run does come first.

| planted bug | properties, each alone | scenarios, each alone |
|---|---|---|",
($bugs[] | .name as $name |
    [$catches[] | select(.bug == $name)] as $own |
    "| \(.name): \(.what) | \([$own[].property] | unique | several(6)) "
    + "| \($own | group_by(.scenario) | map({scenario: .[0].scenario, seed: ([.[].seed] | min)})
            | sort_by(.seed, .scenario) | map("`\(.scenario)`") | several(6)) |"),
"
## By property

How many planted bugs each property catches alone, and which of them no other does.

| property | bugs | that no other catches |
|---|---|---|",
([$catches[] | {bug, property}] | unique | group_by(.bug) |
    map({bug: .[0].bug, properties: map(.property)})) as $by_bug |
([$catches[].property] | unique[]) as $property |
    [$by_bug[] | select(.properties | index($property))] as $caught |
    "| \($property) | \($caught | length) "
    + "| \([$caught[] | select(.properties | length == 1).bug] | several(8)) |"
