# One line for each row of docs/incidents.json that names what is not there, or proves nothing. $list:
# what `vivarium list --json` shows.
($list[0].scenarios | map(.name)) as $scenarios |
($list[0].properties | map(.name)) as $properties |
(.bugs | map(.name)) as $bugs |
def unknown($kind; $known): .[] | select(. as $name | $known | index($name) | not) |
    "there is no \($kind) \(.)";

([.catches[].scenario] | unique | unknown("scenario"; $scenarios) |
    "docs/catches.tsv: \(.)"),
([.catches[].property] | unique | unknown("property"; $properties) |
    "docs/catches.tsv: \(.)"),
([.catches[].bug] | unique | unknown("planted bug"; $bugs) | "docs/catches.tsv: \(.)"),
((.incidents.situations[], .incidents.readings[], .incidents.invariants[]) |
. as $row |
(
    ((.scenarios // []) | unknown("scenario"; $scenarios)),
    (.properties | unknown("property"; $properties)),
    ((.bugs // []) | unknown("planted bug"; $bugs)),
    (if has("bugs") and (.bugs | length) == 0 and (.also // "") == ""
     then "it has neither a planted bug nor a test" else empty end)
) | "docs/incidents.json: \($row.id): \(.)")
