#!/usr/bin/env python3
"""Writes the figures of README.md and docs from the results files; "make docs" calls this.

Between markers in a page stands what its template makes of the results files:

    ... ended at <!-- figures: {demo.paper.embedding:.2%} -->78.02 %<!-- end --> after ...

    <!-- figures:
    | rows | seconds |
    | --- | --- |
    for r in growth.rows: | {r.what} | {r.ours} |
    -->

    | rows | seconds | ...

    <!-- end -->

The first word of a place is the name of a results file without .json, the others are keys, indices, or key=value,
which keeps the objects of a list that have it; a list of one object stands for the object. A place that ends in "?" may
be missing: "-". A line "for NAME in PLACE:" is repeated for each element; a table that has no row then is left out.
Formats are Python's, and
    %      a share as per cent, "78.02 %"; p the same without the sign
    min    seconds as "4 min 56 s"
    A/B    A for true, B for false
A figure with a unit that stands outside of markers is refused, unless it is declared as none of a run:

    <!-- given: the protocol's settings -->1 % and 10 % of the labels<!-- end -->

--check changes nothing and fails where a page differs from its files. Without it docs/results/STALE.md is written too:
which figures were measured before changes to the code that they depend on.
"""
import argparse
import json
import re
import string
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from record import ROOT, git  # noqa: E402

PAGES = ("README.md", "docs/**/*.md", "bench/**/*.md")
RESULTS = ("docs/results/*.json", "bench/results/*.json", "docs/cuda-budget.json")
STALE = "docs/results/STALE.md"

FIELDS = {
    "commit": (re.compile(r"[0-9a-f]{7,40}"), "a commit's hash"),
    "command": (re.compile(r".+"), "what was run"),
    "processor": (re.compile(r".+"), "what it ran on"),
    "date": (re.compile(r"\d{4}-\d\d-\d\d(T.*)?"), "a date such as 2026-11-24"),
}
MARKER = re.compile(r"<!-- (figures|given):(?: (?=\S)|(?=\n))(.*?)(?:(?<=\n)|(?<=\S) )-->|<!-- end -->", re.S)
ANY_MARKER = re.compile(r"<!--\s*(figures|given|end)\b")
FENCE = re.compile(r"^ *```.*?^ *```[^\n]*$", re.S | re.M)
CODE = re.compile(r"^ {4}.*$|`[^`\n]*`", re.M)
LOOP = re.compile(r"for (\w+) in (\S+): (.*)")
TABLE_RULE = re.compile(r"\|(?: *:?-+:? *\|)+")
UNITS = (
    r"%|points?\b|times (?:as|faster|slower|better)\b|(?:images|rows)/s\b|[GT]op/s\b|G[Ff][Ll][Oo][Pp]/s\b"
    r"|(?:ns|us|µs|ms|s|min|h|microseconds?|milliseconds?|seconds?|minutes?|hours?)\b"
)
FIGURE = re.compile(rf"(?<![\w.-])\d(?:[\d,.]*\d)?\s?(?:{UNITS})")


class Fault(Exception):
    """Something that a person has to mend, as one line."""


class Missing:
    """Stands for a number that a results file need not have."""


class Figures(string.Formatter):
    """Fills templates from the results files of a tree."""

    def __init__(self, root):
        self.files = {}
        for path in sorted(p for pattern in RESULTS for p in root.glob(pattern)):
            if path.stem in self.files:
                raise Fault(f"{path.relative_to(root)}: there is another results file of this name")
            self.files[path.stem] = read(root, path)
        self.scope = {}
        self.used = set()

    def fill(self, template):
        """What a template makes, and the names of the files that it reads."""
        self.used = set()
        lines = []
        for line in template.split("\n"):
            loop = LOOP.fullmatch(line)
            if not loop:
                lines.append(self.format(line))
                continue
            variable, place, body = loop.groups()
            elements = self.find(place, (list, dict))
            for element in elements.values() if isinstance(elements, dict) else elements:
                self.scope = {variable: element}
                lines.append(self.format(body))
            self.scope = {}
        return "\n".join(without_empty_tables(lines)), self.used

    def get_field(self, field_name, args, kwargs):
        return self.find(field_name, (str, int, float, bool, type(None), Missing)), field_name

    def find(self, place, kind):
        """The value at a place; of a place that ends in "?" there may be none."""
        name, *keys = place.rstrip("?").split(".")
        if name in self.scope:
            value = self.scope[name]
        elif name in self.files:
            value = self.files[name]
            self.used.add(name)
        else:
            raise Fault(f"{{{place}}}: no results file is called {name}.json")
        try:
            for key in keys:
                value = step(value, key)
        except KeyError as e:
            if not place.endswith("?"):
                raise Fault(f"{{{place}}}: there is no {e.args[0]}") from None
            value = Missing()
        if not isinstance(value, kind):
            raise Fault(f"{{{place}}} is a {type(value).__name__}")
        return value

    def format_field(self, value, spec):
        if value is None or isinstance(value, Missing):
            return "" if value is None else "-"
        try:
            if isinstance(value, bool):
                return spec.split("/")[0 if value else 1]
            if spec == "min":
                minutes, seconds = divmod(round(value), 60)
                return f"{minutes} min {seconds} s"
            if spec.endswith(("%", "p")):
                return format(100 * value, spec[:-1] + "f") + (" %" if spec.endswith("%") else "")
            return format(value, spec)
        except (ValueError, TypeError, IndexError):
            raise Fault(f"{value!r} cannot be written as {spec!r}") from None


def without_empty_tables(lines):
    """The lines but for the two that begin a table of no rows."""
    kept = []
    for number, line in enumerate(lines):
        kept.append(line)
        ends = number + 1 == len(lines) or not lines[number + 1].startswith("|")
        if ends and len(kept) > 1 and TABLE_RULE.fullmatch(line) and kept[-2].startswith("|"):
            del kept[-2:]
    return kept


def step(value, key):
    """What a key leads to."""
    if isinstance(value, list) and "=" in key:
        name, _, wanted = key.partition("=")
        found = [v for v in value if isinstance(v, dict) and str(v.get(name)) == wanted]
        if found:
            return found
    elif isinstance(value, list) and key.isdigit():
        if int(key) < len(value):
            return value[int(key)]
    else:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict) and key in value:
            return value[key]
    raise KeyError(key)


def read(root, path):
    """A results file, which says where its numbers come from."""
    where = path.relative_to(root)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as e:
        raise Fault(f"{where}: not JSON: {e}") from None
    for field, (allowed, what) in FIELDS.items():
        if not allowed.fullmatch(str(content.get(field, ""))):
            raise Fault(f"{where}: {field} is {content.get(field)!r}, it must be {what} (scripts/record.py writes it)")
    paths = content.get("depends_on")
    if not isinstance(paths, list) or not paths:
        raise Fault(f"{where}: depends_on is {paths!r}, it must list the paths of the code that was measured")
    for name in paths:
        if not (root / name).exists():
            raise Fault(f"{where}: depends_on names {name}, which is not there")
    return content


def fences(text):
    return [match.span() for match in FENCE.finditer(text)]


def blank(text):
    """As many lines, and nothing in them."""
    return re.sub(r"[^\n]", " ", text)


def render(where, text, figures):
    """The page as its files make it, its text outside of markers, and the names of the files it reads."""
    fenced = fences(text)
    markers = [m for m in MARKER.finditer(text) if not any(a <= m.start() < b for a, b in fenced)]
    whole = {m.start() for m in markers}
    for match in ANY_MARKER.finditer(text):
        if match.start() not in whole and not any(a <= match.start() < b for a, b in fenced):
            raise Fault(f"{where}:{line_of(text, match.start())}: a marker that is none: write "
                        "<!-- figures: TEMPLATE -->, <!-- given: REASON --> or <!-- end -->")
    done, outside, used, position = [], [], set(), 0
    for first, last in pairs(where, text, markers):
        kind, template = first.groups()
        old = text[first.end():last.start()]
        line = line_of(text, first.start())
        if "\n" not in template and starts_line(text, first.start()):
            raise Fault(f"{where}:{line}: a marker within text must not begin a line, where Markdown ends there")
        new = old
        if kind == "figures":
            try:
                filled, files = figures.fill(template.strip("\n"))
            except (Fault, ValueError) as e:
                raise Fault(f"{where}:{line}: {e}") from None
            if not files:
                raise Fault(f"{where}:{line}: the template reads no results file")
            new = f"\n\n{filled}\n\n" if "\n" in template else filled
            used |= files
        done += [text[position:first.end()], new, last.group()]
        outside += [text[position:first.start()], blank(text[first.start():last.end()])]
        position = last.end()
    return "".join(done) + text[position:], "".join(outside) + text[position:], used


def pairs(where, text, markers):
    """Each opening marker with its end."""
    opened, found = None, []
    for marker in markers:
        opens = marker.group(1) is not None
        if opens == (opened is not None):
            line = line_of(text, (opened if opens else marker).start())
            raise Fault(f"{where}:{line}: " + ("a marker without its <!-- end -->" if opens else "an end of no marker"))
        if not opens:
            found.append((opened, marker))
        opened = marker if opens else None
    if opened:
        raise Fault(f"{where}:{line_of(text, opened.start())}: a marker without its <!-- end -->")
    return found


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def starts_line(text, position):
    return text[text.rfind("\n", 0, position) + 1:position].strip() == ""


def unmarked(where, outside):
    """Figures with a unit that no marker accounts for, a line each."""
    text = CODE.sub(lambda m: blank(m.group()), FENCE.sub(lambda m: blank(m.group()), outside))
    return [f"{where}:{line_of(text, m.start())}: \"{' '.join(m.group().split())}\" stands outside of markers: take it from "
            "a results file, or declare it with <!-- given: REASON -->" for m in FIGURE.finditer(text)]


def pages(root):
    return sorted({p for pattern in PAGES for p in root.glob(pattern)} - {root / STALE})


def stale(root, files, readers):
    """The note on figures that are older than the code they depend on."""
    rows = []
    for name, content in sorted(files.items()):
        log = git("log", "--format=%h %s", f"{content['commit']}..HEAD", "--", *content["depends_on"], root=root)
        if log is None:
            changes = "not known: the commit is not in this history"
        elif log or content.get("uncommitted"):
            since = log.splitlines()
            notes = [f"{len(since)}, the last {since[0]}"] if since else []
            if content.get("uncommitted"):
                notes.append(f"measured with changes that were not committed: {', '.join(content['uncommitted'])}")
            changes = "; ".join(notes).replace("|", "\\|")
        else:
            continue
        rows.append(f"| `{name}.json` | {', '.join(readers.get(name, ['no page']))} | {content['commit']}, "
                    f"{content['date'][:10]} | {changes} |")
    head = ["# Figures that are older than their code", "",
            "`make docs` writes this, from the history: results files that were measured before changes to the paths they",
            "depend on. Their pages say what was measured then, not what today's code does.", ""]
    table = ["| results file | shown in | measured at | commits since that touch what it depends on |",
             "| --- | --- | --- | --- |", *rows] if rows else ["There are none."]
    return "\n".join(head + table) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a page differs from its files")
    parser.add_argument("--root", type=Path, default=ROOT, help="another tree")
    args = parser.parse_args()
    faults, readers = [], {}
    try:
        figures = Figures(args.root)
    except Fault as e:
        sys.exit(f"figures: {e}")
    for page in pages(args.root):
        where = page.relative_to(args.root)
        text = page.read_text(encoding="utf-8")
        try:
            new, outside, used = render(where, text, figures)
        except Fault as e:
            faults.append(str(e))
            continue
        for name in used:
            readers.setdefault(name, []).append(str(where))
        faults += unmarked(where, outside)
        if new == text:
            continue
        if args.check:
            same = next(i for i, (a, b) in enumerate(zip(text + "\0", new + "\0")) if a != b)
            faults.append(f"{where}:{line_of(text, same)}: differs from its results file; \"make docs\" writes it anew")
        else:
            page.write_text(new, encoding="utf-8")
            print(f"wrote {where}")
    if not args.check and not faults:
        (args.root / STALE).write_text(stale(args.root, figures.files, readers), encoding="utf-8")
    for fault in faults:
        print(f"figures: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
