"""python3 -m unittest discover scripts"""
import json
import math
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest import mock

import experiment
import figures
import student_t
from experiment_plan import DATA, Arm, DataSet, Fault

ARMS = {"lambda-0": Arm("none"), "easy": Arm("easy"), "hard-paper": Arm("hard"), "walk": Arm("far"),
        "oracle-random": Arm("oracle", seeds=3, oracle="random")}
METRIC = "embedding_knn_200"


def run(arm, seed, score, instructions="AVX2", **more):
    return {"commit": "0123abc", "command": "make reproduce", "processor": "one", "date": f"2026-12-0{seed - 999}",
            "depends_on": ["code.txt"], "data": "fashion-mnist", "arm": arm, "seed": seed, "instructions": instructions,
            "seconds": 120, "scores": {METRIC: score, "pixels_knn_200": 0.7},
            "epochs": [{"epoch": 1, "embedding_knn": score / 2}, {"epoch": 2, "embedding_knn": score}]} | more


class Student(unittest.TestCase):
    def test_quantiles_are_those_of_the_tables(self):
        for freedom, expected in {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 5: 2.5706, 10: 2.2281, 30: 2.0423}.items():
            self.assertAlmostEqual(expected, student_t.quantile(0.95, freedom), 4)
        self.assertAlmostEqual(4.0321, student_t.quantile(0.99, 5), 4)

    def test_one_degree_of_freedom_is_cauchy_s_distribution(self):
        self.assertAlmostEqual(2 / math.pi * math.atan(3), student_t.probability(3, 1))


class Statistics(unittest.TestCase):
    def test_an_interval_is_the_mean_and_t_standard_errors(self):
        # Mean 2, standard deviation 1, 4.3027 / sqrt(3) = 2.4841.
        found = experiment.interval([1, 2, 3])
        self.assertAlmostEqual(2, found["mean"])
        self.assertAlmostEqual(-0.4841, found["low"], 4)
        self.assertAlmostEqual(4.4841, found["high"], 4)

    def test_one_value_has_no_interval_and_none_has_nothing(self):
        self.assertEqual({"mean": 3}, experiment.interval([3]))
        self.assertEqual({}, experiment.interval([]))

    def test_a_spread_has_the_deviation_of_a_sample(self):
        self.assertEqual({"mean": 2, "sd": 1, "n": 3}, experiment.spread([1, 2, 3]))

    def test_what_an_interval_shows_is_what_the_protocol_says(self):
        self.assertEqual("pays", experiment.verdict(low=0.001, high=1))
        self.assertEqual("costs", experiment.verdict(low=-1, high=-0.001))
        self.assertEqual("not shown", experiment.verdict(low=-0.1, high=5))
        self.assertEqual("too few pairs to say", experiment.verdict(mean=3))

    def test_pairs_have_one_seed_and_one_instruction_set_and_neither_failed(self):
        first = [run("a", 1000, 0.5), run("a", 1001, 0.5), run("a", 1002, 0.5), run("a", 1003, 0.5)]
        second = [run("b", 1000, 0.25), run("b", 1001, 0.25, "AVX512"), run("b", 1002, 0.25, failed="diverged"),
                  run("b", 1004, 0.25)]
        differences, left_out = experiment.paired(first, second, METRIC)
        self.assertEqual({1000: 0.25}, differences)
        self.assertEqual({1001: "AVX2 against AVX512", 1002: "failed"}, left_out)

    def test_headroom_is_a_share_of_mean_gains_over_the_seeds_that_have_all(self):
        arms = {"lambda-0": [run("lambda-0", seed, 0.5) for seed in (1000, 1001, 1002)],
                "hard-paper": [run("hard-paper", 1000, 0.51), run("hard-paper", 1001, 0.53), run("hard-paper", 1002, 0.9)],
                "oracle-random": [run("oracle-random", 1000, 0.58), run("oracle-random", 1001, 0.58)]}
        found, = experiment.headroom("fashion-mnist", arms)
        self.assertEqual(("hard-paper", "oracle-random", 2), (found["arm"], found["oracle"], found["n"]))
        self.assertAlmostEqual(0.02 / 0.08, found["share"])

    def test_an_oracle_that_gains_nothing_has_no_headroom(self):
        arms = {name: [run(name, 1000, 0.5)] for name in ("lambda-0", "hard-paper", "oracle-random")}
        self.assertNotIn("share", experiment.headroom("fashion-mnist", arms)[0])

    def test_curves_are_means_over_the_seeds(self):
        arms = {"easy": [run("easy", 1000, 0.4), run("easy", 1001, 0.8), run("easy", 1002, 9, failed="diverged")]}
        (first, second), = experiment.curves(arms, "embedding_knn").values()
        self.assertEqual((1, 2), (first[0], second[0]))
        self.assertAlmostEqual(0.3, first[1])
        self.assertAlmostEqual(0.6, second[1])


class Files(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        self.folder = self.root / "docs/results"
        self.folder.mkdir(parents=True)
        (self.root / "code.txt").write_text("code")
        (self.root / "scripts").mkdir()
        (self.root / "scripts/experiment.py").write_text("code")
        plan = {"fashion-mnist": DataSet("Fashion-MNIST", "none", ARMS), "cifar10": DataSet("CIFAR-10", "none", {})}
        patch = mock.patch.dict(DATA, plan)
        patch.start()
        self.addCleanup(patch.stop)

    def add(self, *runs):
        for one in runs:
            path = self.folder / "runs" / one["data"] / one["arm"] / f"seed-{one['seed']}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(one))

    def program(self, *options):
        said = StringIO()
        argv = mock.patch.object(sys, "argv", ["experiment.py", "--root", str(self.root), *options])
        with argv, redirect_stdout(said), redirect_stderr(said):
            code = experiment.main()
        return code, said.getvalue()

    def result(self):
        return json.loads((self.folder / "experiment.json").read_text())

    def test_without_runs_it_says_so_and_claims_nothing(self):
        code, said = self.program()
        self.assertEqual(0, code)
        self.assertIn("the runs have not been made", said)
        self.assertEqual("The runs have not been made.", self.result()["state"])
        self.assertEqual([], self.result()["primary"])
        self.assertEqual([], list(self.folder.glob("*.svg")))
        before = (self.folder / "experiment.json").read_text()
        self.program()
        self.assertEqual(before, (self.folder / "experiment.json").read_text())

    def test_runs_become_a_results_file_that_pages_can_read(self):
        self.add(*(run(arm, seed, score + (seed - 1000) / 100) for seed in (1000, 1001)
                   for arm, score in {"lambda-0": 0.8, "hard-paper": 0.82, "easy": 0.81}.items()))
        self.program()
        read = figures.Figures(self.root)
        template = "{experiment.primary.0.about} {experiment.primary.0.mean:+.2p} {experiment.fashion-mnist.baselines.0.n}"
        self.assertEqual("hard-paper minus lambda-0 +2.00 2", read.fill(template)[0])
        self.assertEqual("6 of 27 runs have been made.", self.result()["fashion-mnist"]["state"])
        self.assertEqual(["2026-12-02", "0123abc"], [self.result()[key] for key in ("date", "commit")])
        self.assertEqual([("hard-paper minus lambda-0", True), ("hard-paper minus easy", True)],
                         [(c["about"], c["primary"]) for c in self.result()["primary"]])
        self.assertEqual(["easy minus lambda-0"], [c["about"] for c in self.result()["fashion-mnist"]["exploratory"]])

    def test_plots_are_xml_and_name_what_they_show(self):
        self.add(*(run(arm, seed, 0.8 + seed / 1e5) for seed in (1000, 1001) for arm in ("lambda-0", "easy")))
        self.program()
        for name, words in {"differences-fashion-mnist.svg": ["easy minus lambda-0", "95 %", "in points"],
                            "curves-fashion-mnist.svg": ["easy", "lambda-0", "epoch", "kNN of the embedding"]}.items():
            texts = " ".join(e.text or "" for e in xml.etree.ElementTree.parse(self.folder / name).iter())
            for word in words:
                self.assertIn(word, texts)

    def test_a_failed_run_is_reported_and_not_counted(self):
        self.add(run("easy", 1000, 0.8), run("easy", 1001, 0.9, failed="diverged", scores={}, epochs=[]))
        self.program()
        self.assertEqual(1, self.result()["fashion-mnist"]["arms"][0]["n"])
        self.assertIn("easy with seed 1001 (diverged)", self.result()["fashion-mnist"]["state"])

    def test_the_check_finds_what_the_runs_no_longer_make(self):
        self.add(run("easy", 1000, 0.8))
        self.program()
        self.assertEqual((0, ""), self.program("--check"))
        self.add(run("easy", 1001, 0.8))
        code, said = self.program("--check")
        self.assertEqual(1, code)
        self.assertIn("docs/results/experiment.json is not what the runs make of it", said)

    def test_a_plot_of_runs_that_are_gone_is_deleted(self):
        self.add(run("easy", 1000, 0.8))
        self.program()
        (self.folder / "runs/fashion-mnist/easy/seed-1000.json").unlink()
        self.assertEqual(1, self.program("--check")[0])
        self.program()
        self.assertEqual([], list(self.folder.glob("*.svg")))

    def test_a_run_that_is_not_planned_or_lies_elsewhere_is_refused(self):
        self.add(run("oracle-random", 1004, 0.8))
        with self.assertRaisesRegex(Fault, "oracle-random/seed-1004.json: the plan has no such run"):
            experiment.contents(self.root)
        (self.folder / "runs/fashion-mnist/oracle-random/seed-1004.json").write_text(json.dumps(run("easy", 1000, 0.8)))
        with self.assertRaisesRegex(Fault, "holds the run fashion-mnist/easy/seed-1000"):
            experiment.contents(self.root)


if __name__ == "__main__":
    unittest.main()
