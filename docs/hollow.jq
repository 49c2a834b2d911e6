# One line for each row of docs/incidents.json that does not prove what it says, as
# `properties/planted/catches` measured it. One whose proof is a test names neither properties nor bugs.
.catches as $catches |
(.incidents.situations[], .incidents.readings[]) |
. as $row |
select((.bugs + .properties | length) > 0) |
[$catches[] | select(
    (.bug as $bug | $row.bugs | index($bug)) and
    (.property as $property | $row.properties | index($property)) and
    (.scenario as $scenario | ($row.scenarios | length) == 0 or ($row.scenarios | index($scenario))))]
as $proofs |
(
    ($row.bugs[] | select(. as $bug | [$proofs[].bug] | index($bug) | not) |
        "\(.) is caught by none of its properties in any of its scenarios"),
    ($row.properties[] | select(. as $property | [$proofs[].property] | index($property) | not) |
        "\(.) catches none of its bugs in any of its scenarios"),
    ($row.scenarios[] | select(. as $scenario | [$proofs[].scenario] | index($scenario) | not) |
        "\(.) shows none of its bugs to any of its properties")
) | "docs/incidents.json: \($row.id), \($row.what): \(.)"
