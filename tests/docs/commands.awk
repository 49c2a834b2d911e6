# The commands and quoted lines of a page, one a line: where it stands, TAB, `block` or `span`, TAB, text.
# A line of a block that ends in a backslash goes on in the next; a paragraph is one line.
function tell(kind, text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    if (text != "") print page ":" line "\t" kind "\t" text
}

function end_paragraph(    mark, end, text) {
    while (match(paragraph, /`+/)) {
        mark = substr(paragraph, RSTART, RLENGTH)
        paragraph = substr(paragraph, RSTART + RLENGTH)
        end = index(paragraph, mark)
        if (end == 0) break
        tell("span", substr(paragraph, 1, end - 1))
        paragraph = substr(paragraph, end + length(mark))
    }
    paragraph = ""
}

function block(text) {
    if (text ~ /\\$/) {
        begun = begun substr(text, 1, length(text) - 1)
        return
    }
    tell("block", begun text)
    begun = ""
}

FNR == 1 { end_paragraph(); page = FILENAME; fenced = 0; empty = 1 }
{ line = FNR }
/^```/ { end_paragraph(); fenced = !fenced; empty = 0; next }
fenced { block($0); next }
/^    / && (empty || indented) { end_paragraph(); indented = 1; block($0); next }
/^[ \t]*$/ { end_paragraph(); empty = 1; next }
{ paragraph = paragraph " " $0; empty = 0; indented = 0 }
/^[|]/ { end_paragraph() }
END { end_paragraph() }
