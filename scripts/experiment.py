#!/usr/bin/env python3
"""Sums up the runs of docs/results/protocol.md for docs/results/README.md; "make docs" calls this.

Reads docs/results/runs and writes docs/results/experiment.json, in the form that figures.py reads, and the plots beside
it. --check changes nothing and fails where these are not what the runs make of them.
"""
import argparse
import json
import math
import statistics
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import experiment_plots  # noqa: E402
import student_t  # noqa: E402
from experiment_plan import BASELINE, DATA, FURTHER, MAIN_METRIC, PRIMARY, REACH, SEEDS, Fault  # noqa: E402
from record import ROOT, record  # noqa: E402

LEVEL = 0.95
FOLDER = Path("docs/results")
KS = (200, 20, 5, 1)
METRICS = {
    **{f"{what}_knn_{k}": f"kNN, {what}, k = {k}" for what in ("embedding", "backbone") for k in KS},
    **{f"{what}_recall_1": f"recall at 1, {what}" for what in ("embedding", "backbone")},
    **{f"{what}_logistic": f"logistic, 1 % of the labels, {what}" for what in ("embedding", "backbone")},
    "linear": "linear, all labels",
}
BY_SEED = (MAIN_METRIC, "backbone_knn_200")  # the runs' own files have the rest
ORIGIN = ("commit", "command", "processor", "date", "depends_on", "uncommitted")


def read_runs(folder):
    """The results of a tree, by data set and arm, each a list in the order of its seeds."""
    runs = {name: {} for name in DATA}
    for path in sorted(folder.glob("*/*/seed-*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        data, arm, seed = path.parent.parent.name, path.parent.name, path.stem.removeprefix("seed-")
        if (run["data"], run["arm"], str(run["seed"])) != (data, arm, seed):
            raise Fault(f"{path}: holds the run {run['data']}/{run['arm']}/seed-{run['seed']}")
        if data not in DATA or arm not in DATA[data].arms or run["seed"] not in SEEDS[:DATA[data].arms[arm].seeds]:
            raise Fault(f"{path}: the plan has no such run (scripts/experiment_plan.py)")
        runs[data].setdefault(arm, []).append(run)
    return {data: {arm: sorted(arms[arm], key=lambda run: run["seed"]) for arm in DATA[data].arms if arm in arms}
            for data, arms in runs.items()}


def ended(runs):
    return [run for run in runs if "failed" not in run]


def spread(values):
    """Mean, number and, of several, standard deviation (n - 1)."""
    found = {"mean": statistics.fmean(values), "n": len(values)}
    return {**found, "sd": statistics.stdev(values)} if len(values) > 1 else found


def paired(first, second, metric):
    """The differences of a metric by seed, and the seeds whose two runs may not be compared, with the reason."""
    others = {run["seed"]: run for run in second}
    differences, left_out = {}, {}
    for run in first:
        seed, other = run["seed"], others.get(run["seed"])
        if other is None:
            continue
        if "failed" in run or "failed" in other:
            left_out[seed] = "failed"
        elif run["instructions"] != other["instructions"]:
            left_out[seed] = f"{run['instructions']} against {other['instructions']}"
        elif metric in run["scores"] and metric in other["scores"]:
            differences[seed] = run["scores"][metric] - other["scores"][metric]
    return differences, left_out


def interval(values):
    """The mean and its confidence interval by Student's t, as far as there are values enough."""
    if not values:
        return {}
    mean = statistics.fmean(values)
    if len(values) < 2:
        return {"mean": mean}
    half = student_t.quantile(LEVEL, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return {"mean": mean, "low": mean - half, "high": mean + half}


def verdict(low=None, high=None, **_):
    """What the protocol calls an interval."""
    if low is None:
        return "too few pairs to say"
    return "pays" if low > 0 else "costs" if high < 0 else "not shown"


def contrast(data, arms, first, second, metric):
    """One arm minus another, or None where no seed has both."""
    differences, left_out = paired(arms.get(first, []), arms.get(second, []), metric)
    if not differences and not left_out:
        return None
    found = interval(list(differences.values()))
    return {"data": DATA[data].about, "about": f"{first} minus {second}", "metric": metric,
            "metric_about": METRICS[metric], "primary": metric == MAIN_METRIC and (first, second) in PRIMARY[data],
            "n": len(differences), **found, "verdict": verdict(**found),
            "left_out": "; ".join(f"seed {seed}: {why}" for seed, why in left_out.items()) or "none",
            "differences": [{"seed": seed, "difference": value} for seed, value in differences.items()]}


def contrasts(data, arms):
    """Primary ones first; then, exploratory, every arm against the baseline and the further pairs, by every metric."""
    pairs = [*PRIMARY[data], *((arm, BASELINE) for arm in arms if arm != BASELINE), *FURTHER]
    found = [contrast(data, arms, *pair, metric) for metric in METRICS for pair in dict.fromkeys(pairs)]
    return sorted((c for c in found if c), key=lambda c: not c["primary"])


def headroom(data, arms):
    """Of what an oracle gains over the baseline, the share that an arm gains: by means over the seeds with all three."""
    found = []
    for oracle in (name for name, arm in DATA[data].arms.items() if arm.oracle and name in arms):
        gains, _ = paired(arms[oracle], arms.get(BASELINE, []), MAIN_METRIC)
        for arm in (name for name in REACH if name in arms):
            own, _ = paired(arms[arm], arms.get(BASELINE, []), MAIN_METRIC)
            common = [seed for seed in gains if seed in own]
            if common:
                most = statistics.fmean(gains[seed] for seed in common)
                line = {"arm": arm, "oracle": oracle, "n": len(common), "gain": most}
                if most > 0:
                    line["share"] = statistics.fmean(own[seed] for seed in common) / most
                found.append(line)
    return found


def curves(arms, metric):
    """The mean of a figure of the epochs over an arm's runs, by arm; epochs that only some runs measured are left out."""
    found = {}
    for arm, runs in arms.items():
        lines = [{line["epoch"]: line.get(metric) for line in run["epochs"]} for run in ended(runs)]
        epochs = sorted(set.union(set(), *lines))
        points = [(epoch, [line.get(epoch) for line in lines]) for epoch in epochs]
        points = [(epoch, statistics.fmean(values)) for epoch, values in points if None not in values]
        if points:
            found[arm] = points
    return found


def summary(data, arms):
    """What is known of a data set: the results, the primary contrasts, and the plots' contents by file."""
    planned = sum(arm.seeds for arm in DATA[data].arms.values())
    made = sum(map(len, arms.values()))
    failed = [f"{arm} with seed {run['seed']} ({run['failed']})" for arm, runs in arms.items() for run in runs
              if "failed" in run]
    state = "No run has been made." if made == 0 else f"{made} of {planned} runs have been made." if made < planned else \
        f"All {planned} runs have been made."
    if failed:
        state += f" {len(failed)} of them failed: {'; '.join(failed)}."
    compared = contrasts(data, arms)
    drawn = plots(data, arms, compared)
    found = {
        "state": state,
        "baselines": baselines(arms),
        "arms": [arm_summary(data, arm, runs) for arm, runs in arms.items()],
        "seeds": [seed_line(data, arm, run) for arm, runs in arms.items() for run in runs],
        "exploratory": [c for c in compared if not c["primary"] and c["metric"] == MAIN_METRIC],
        "other_metrics": [{key: c[key] for key in c if key != "differences"} for c in compared
                          if c["metric"] != MAIN_METRIC],
        "headroom": headroom(data, arms),
        "plots": [{"file": name, "about": about} for name, (about, _) in drawn.items()],
    }
    return found, [c for c in compared if c["primary"]], {name: svg for name, (_, svg) in drawn.items()}


def arm_summary(data, arm, runs):
    good = ended(runs)
    found = {"arm": arm, "about": DATA[data].arms[arm].about, "n": len(good)}
    if good:
        found["minutes"] = statistics.fmean(run["seconds"] for run in good) / 60
    for metric in METRICS:
        values = [run["scores"][metric] for run in good if metric in run["scores"]]
        if values:
            found[metric] = spread(values)
    return found


def baselines(arms):
    """What there is without training, in the columns of the arms; the same for all arms of a seed, so once a seed."""
    found = []
    for about, prefixes in (("raw pixels", {"embedding": "pixels"}),
                            ("the untrained network", {"embedding": "untrained", "backbone": "untrained_backbone"})):
        line = {"about": about}
        for what, prefix in prefixes.items():
            for k in KS:
                seeds = {run["seed"]: run["scores"][f"{prefix}_knn_{k}"] for runs in arms.values() for run in ended(runs)
                         if f"{prefix}_knn_{k}" in run["scores"]}
                if seeds:
                    line[f"{what}_knn_{k}"] = spread(list(seeds.values()))
        if len(line) > 1:
            found.append({**line, "n": line[f"embedding_knn_{KS[0]}"]["n"]})
    return found


def seed_line(data, arm, run):
    scores = {metric: run["scores"][metric] for metric in BY_SEED if metric in run.get("scores", {})}
    return {"arm": arm, "seed": run["seed"], "instructions": run.get("instructions", "-"), "commit": run["commit"],
            "processor": run["processor"], "outcome": "failed" if "failed" in run else "ended", **scores}


def plots(data, arms, compared):
    """The plots that there is something to draw for: what each shows, and its SVG, by file."""
    about, drawn = DATA[data].about, {}
    shown = [c for c in compared if c["metric"] == MAIN_METRIC and "mean" in c]
    if shown:
        drawn[f"differences-{data}.svg"] = (
            f"{about}: paired differences, each seed a dot, with mean and interval",
            experiment_plots.differences(shown, METRICS[MAIN_METRIC]))
    panels = {metric: lines for metric in experiment_plots.PANELS if (lines := curves(arms, metric))}
    if panels:
        drawn[f"curves-{data}.svg"] = (
            f"{about}: accuracy and purity by epoch, means of the seeds", experiment_plots.curves(panels))
    return drawn


def origin(runs, before):
    """Where the numbers come from: of the first run the commit, so that all changes since then are noted."""
    if not runs:
        known = {key: before[key] for key in ORIGIN if key in before}
        return known if before.get("runs") == 0 else record("make docs", ["scripts/experiment.py"])
    runs = sorted(runs, key=lambda run: run["date"])
    uncommitted = sorted({name for run in runs for name in run.get("uncommitted", [])})
    found = {
        "commit": runs[0]["commit"],
        "command": "make reproduce",
        "processor": "; ".join(sorted({run["processor"] for run in runs})),
        "date": runs[-1]["date"],
        "depends_on": sorted({name for run in runs for name in run["depends_on"]}),
        "commits": sorted({run["commit"] for run in runs}),
    }
    return {**found, "uncommitted": uncommitted} if uncommitted else found


def contents(root):
    """What the files are to hold, by path from the root."""
    runs = read_runs(root / FOLDER / "runs")
    everything = [run for arms in runs.values() for several in arms.values() for run in several]
    path = root / FOLDER / "experiment.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    result = {**origin(everything, before), "runs": len(everything),
              "state": "The runs have not been made." if not everything else f"{len(everything)} runs have been made.",
              "primary": []}
    files = {}
    for data, arms in runs.items():
        result[data], primary, drawn = summary(data, arms)
        result["primary"] += primary
        files |= {FOLDER / name: svg for name, svg in drawn.items()}
    return {FOLDER / "experiment.json": json.dumps(result, indent=1) + "\n", **files}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a file is not what the runs make of it")
    parser.add_argument("--root", type=Path, default=ROOT, help="another tree")
    args = parser.parse_args()
    try:
        wanted = contents(args.root)
    except Fault as e:
        sys.exit(f"experiment: {e}")
    drawn = {path.relative_to(args.root) for pattern in ("differences-*.svg", "curves-*.svg")
             for path in (args.root / FOLDER).glob(pattern)}
    different = False
    for name in sorted({*wanted, *drawn}):
        path = args.root / name
        if path.exists() and path.read_text(encoding="utf-8") == wanted.get(name):
            continue
        different = True
        if args.check:
            print(f"experiment: {name} is not what the runs make of it; \"make docs\" writes it", file=sys.stderr)
        elif name in wanted:
            path.write_text(wanted[name], encoding="utf-8")
            print(f"wrote {name}")
        else:
            path.unlink()
            print(f"deleted {name}, no run is left for it")
    if not args.check and json.loads(wanted[FOLDER / "experiment.json"])["runs"] == 0:
        print("experiment: the runs have not been made (make reproduce)")
    return 1 if args.check and different else 0


if __name__ == "__main__":
    sys.exit(main())
