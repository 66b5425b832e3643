"""The experiment of docs/results/protocol.md: data sets, arms, seeds and contrasts, in one place.

reproduce.py makes its runs, experiment.py sums them up.
"""
import re
from dataclasses import dataclass, field

from record import ROOT

# The arm "walk": positives are the 20 images whose raw pixels are nearest. What an image's pixels resemble is mostly of its
# kind, and where it is not the network errs otherwise: docs/results/protocol.md.
WALK = {"training.graph": "pixels", "objective.neighbours": "20", "objective.steps": "1"}

SEEDS = range(1000, 1006)  # none of the demo's, which are 0 to 4, nor of the trials', which are below 1000

FRESH = {"training.graph": "epoch", "training.bank_refresh": "epoch"}
LAZY = {"training.graph": "lazy", "training.bank_refresh": "never", "objective.bank_start": "random"}

# What all arms share, whatever the recipes say: how a run is made and judged, and the walk of the paper.
COMMON = {
    "data.workers": "1",
    "training.threads": "1",
    **FRESH,
    "objective.mode": "paper",
    "objective.selection": "hard",
    "objective.neighbours": "4",
    "objective.steps": "3",
    "evaluation.every": "1",
    "evaluation.features": "recomputed",
    "evaluation.k": "200",
    "evaluation.also_k": "[1, 5, 20]",
    "evaluation.baselines": "true",
    "evaluation.split": "test",
    "evaluation.held_out": "0",
}
RAMP = 3 / 8  # T, as a share of the epochs

JAVA = "src/main/java/org/invp"
TRAINING = ["native/bank", "native/image", "native/nn",
            *(f"{JAVA}/{room}" for room in ("bank", "data", "eval", "nn", "objective", "train"))]
ORACLE = "bench/src/main/java/org/invp/bench/OracleGraph.java"
PEERS = ["bench/peers/contrastive.py", "bench/peers/fashion_mnist.py", "bench/peers/measure.py"]


class Fault(Exception):
    """Something that a person has to mend, as one line."""


@dataclass(frozen=True)
class Arm:
    """One way to train; `settings` replace those of the recipe and of COMMON."""

    about: str
    settings: dict = field(default_factory=dict)
    seeds: int = len(SEEDS)  # the first so many
    oracle: str = None  # the kind of graph that bench's OracleTraining writes by the labels
    rival: str = None  # a script of bench/peers, which trains another method
    words: tuple = ()  # the rival's own options, from trials of it


@dataclass(frozen=True)
class DataSet:
    """A data set, its recipe, and the arms that are trained on it."""

    about: str
    config: str
    arms: dict
    settings: dict = field(default_factory=dict)

    def effective(self, name, seed):
        """Every setting that a run of an arm has from its recipe, in place of it, or from COMMON; none is a path."""
        arm = self.arms[name]
        settings = {**recipe(ROOT / self.config), **self.replaced(name, seed)}
        settings.pop("data.path", None)
        if arm.oracle:
            settings["oracle"] = arm.oracle
        if arm.rival:
            settings["rival"] = " ".join([arm.rival, *arm.words])
        return settings

    def replaced(self, name, seed):
        """What stands in place of the recipe's settings."""
        settings = {"seed": str(seed), **COMMON, **self.settings, **self.arms[name].settings}
        epochs = int({**recipe(ROOT / self.config), **settings}["training.epochs"])
        return {**settings, "objective.ramp_epochs": str(int(RAMP * epochs))}

    def depends_on(self, name):
        """The paths whose change makes a run's numbers old."""
        arm = self.arms[name]
        if arm.rival:
            return sorted({*PEERS, f"bench/peers/{arm.rival}"})
        return [self.config, *([ORACLE] if arm.oracle else []), *TRAINING]


def oracles(seeds, *kinds):
    """Hard positives from walks over a graph that the labels drew."""
    about = {"random": "any images of the class", "one-in-ten": "any of the class, one in ten any image",
             "nearest": "the nearest of the class"}
    return {f"oracle-{kind}": Arm(f"oracle: {about[kind]}", seeds=seeds, oracle=kind) for kind in kinds}


LAMBDA_0 = {"objective.lambda": "0"}
WALK_ARM = Arm("positives of the graph of raw pixels", WALK)

DATA = {
    "fashion-mnist": DataSet("Fashion-MNIST", "configs/fashion-mnist.yaml", {
        "lambda-0": Arm("no invariance term (lambda 0)", LAMBDA_0),
        "easy": Arm("easy positives", {"objective.selection": "easy"}),
        "random": Arm("random positives", {"objective.selection": "random"}),
        "hard-paper": Arm("hard positives, the paper's definitions"),
        "hard-official": Arm("hard positives, the program's definitions", {"objective.mode": "official"}),
        "walk": WALK_ARM,
        "lambda-0-lazy": Arm("no invariance term, lazy bank", {**LAMBDA_0, **LAZY}),
        "hard-lazy": Arm("hard positives, lazy bank", LAZY),
        **oracles(3, "random", "one-in-ten", "nearest"),
        "simclr": Arm("SimCLR", seeds=3, rival="simclr_torch.py"),
        "nnclr": Arm("NNCLR", seeds=3, rival="nnclr_torch.py"),
    }),
    "cifar10": DataSet("CIFAR-10", "configs/cifar10-small.yaml", {
        "lambda-0": Arm("no invariance term (lambda 0)", LAMBDA_0),
        "hard-paper": Arm("hard positives, the paper's definitions"),
        "walk": WALK_ARM,
        **oracles(2, "random", "one-in-ten"),
    }, {"data.format": "folder", "data.limit": "20000", "training.epochs": "30"}),
}

BASELINE = "lambda-0"
MAIN_METRIC = "embedding_knn_200"

# The primary contrasts, judged by MAIN_METRIC; every other comparison is exploratory.
PRIMARY = {
    "fashion-mnist": [("hard-paper", BASELINE), ("hard-paper", "easy"), ("walk", BASELINE)],
    "cifar10": [("hard-paper", BASELINE), ("walk", BASELINE)],
}
# Exploratory ones beside those of every arm against BASELINE.
FURTHER = [("hard-paper", "random"), ("walk", "hard-paper"), (BASELINE, "lambda-0-lazy"), ("hard-paper", "hard-lazy"),
           ("hard-lazy", "lambda-0-lazy")]
# How much of what an oracle gains over BASELINE do these reach?
REACH = ("easy", "random", "hard-paper", "hard-official", "walk")


def recipe(path):
    """The settings of a recipe by their full names, as they are written; recipes are sections of plain lines."""
    if not path.exists():
        raise Fault(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path} is not there")
    settings, section = {}, ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", line).rstrip()
        match = re.fullmatch(r"( *)(\w+):(?: +(\S.*))?", text)
        if not text:
            continue
        if not match or len(match[1]) not in (0, 2) or (match[3] or "").startswith("{"):
            raise Fault(f"{path.name}:{number}: neither a section nor a setting: {line.strip()}")
        indent, key, value = match.groups()
        if value is None:
            section = key
        else:
            settings[f"{section}.{key}" if indent else key] = value
    return settings
