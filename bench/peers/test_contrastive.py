"""python -m unittest discover bench/peers"""
import math
import tempfile
import unittest
from pathlib import Path

import contrastive
import torch
from fashion_mnist import DIM, Augmentation, knn_accuracy, recall_at_1
from nnclr_torch import NnClr
from simclr_torch import SimClr
from torch.nn import functional as F


def cosine(a, b):
    return float(a @ b / (a.norm() * b.norm()))


class Losses(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.first, self.second = torch.randn(5, DIM), torch.randn(5, DIM)

    def test_simclr_is_the_mean_of_equation_1_over_all_views(self):
        views = [*self.first, *self.second]
        total = 0
        for i, view in enumerate(views):
            pair = views[(i + 5) % 10]
            others = sum(math.exp(cosine(view, other) / 0.3)
                         for k, other in enumerate(views) if k != i)
            total -= math.log(math.exp(cosine(view, pair) / 0.3) / others)
        self.assertAlmostEqual(float(SimClr(0.3)(self.first, self.second)), total / 10, 4)

    def test_nnclr_is_equation_3_from_both_sides(self):
        method = NnClr(0.3, 7, 0)
        total = 0
        for asked, found in ((self.first, self.second), (self.second, self.first)):
            for i in range(5):
                nearest = max(method.queue, key=lambda row: cosine(row, asked[i]))
                all_of_them = sum(math.exp(cosine(nearest, other) / 0.3) for other in found)
                total -= math.log(math.exp(cosine(nearest, found[i]) / 0.3) / all_of_them)
        self.assertAlmostEqual(float(method(self.first, self.second)), total / 10, 4)

    def test_nnclrs_predictor_learns_and_its_queue_does_not(self):
        method = NnClr(0.3, 7, 4)
        method(self.first.requires_grad_(), self.second).backward()
        self.assertTrue(all(p.grad.abs().sum() > 0 for p in method.parameters()
                            if p.ndim == 2))
        self.assertFalse(method.queue.requires_grad)

    def test_the_queue_holds_the_latest(self):
        method = NnClr(0.3, 7, 0)
        rows = torch.randn(15, DIM)
        for part in rows.split(5):
            method.remember(part)
        self.assertEqual({tuple(row.tolist()) for row in method.queue},
                         {tuple(row.tolist()) for row in F.normalize(rows[8:])})


class Batches(unittest.TestCase):
    def test_hand_out_half_the_views_as_pairs(self):
        for epochs, passes in ((8, 4), (3, 2)):
            plan = contrastive.batches(20, 8, epochs * 20 // 2)
            self.assertEqual(len(plan), passes)
            self.assertEqual(sum(len(batch) for one in plan for batch in one), epochs * 10)
            self.assertEqual(sorted(torch.cat(plan[0]).tolist()), list(range(20)))

    def test_leave_out_an_image_that_is_alone(self):
        self.assertEqual([len(batch) for batch in contrastive.batches(9, 4, 9)[0]], [4, 4])

    def test_lists_of_images_are_checked(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "list.txt"
            path.write_text("7 a label\n\n3\n7\n")
            self.assertEqual(contrastive.chosen(path, 10).tolist(), [3, 7])
            for wrong in ("10\n1\n", "one\n2\n", "-1\n2\n", "4\n", ""):
                path.write_text(wrong)
                with self.assertRaises(SystemExit):
                    contrastive.chosen(path, 10)


class Views(unittest.TestCase):
    def test_crops_lie_in_the_image_and_have_areas_and_shapes_in_range(self):
        torch.manual_seed(2)
        height, width, top, left = Augmentation(crop_scale=(0.3, 0.6)).crops(2000, 28)
        for start, length in ((top, height), (left, width)):
            self.assertTrue(bool(((start >= 0) & (start + length <= 28)).all()))
        area = height * width / 28 ** 2
        self.assertGreater(float(area.min()), 0.3 - 0.04)  # lengths are whole pixels
        self.assertLess(float(area.max()), 0.6 + 0.04)
        self.assertAlmostEqual(float(area.mean()), 0.45, 1)
        self.assertGreater(float((width / height).min()), 3 / 4 - 0.1)
        self.assertLess(float((width / height).max()), 4 / 3 + 0.1)

    def test_a_crop_of_the_whole_image_changes_nothing_and_a_flip_mirrors(self):
        images = torch.rand(4, 1, 28, 28)
        for flip, expected in ((0, images), (1, images.flip(3))):
            whole = Augmentation(crop_scale=(1, 1), crop_ratio=(1, 1), flip=flip)
            self.assertLess(float((whole.crop_and_flip(images) - expected).abs().max()), 1e-4)

    def test_a_crop_shows_its_part_of_the_image(self):
        torch.manual_seed(3)
        ramp = (torch.arange(28.0) + 0.5).repeat(28, 1)
        images = torch.stack([ramp, ramp.T]).unsqueeze(1)  # a pixel's value says where it is
        augment = Augmentation(crop_scale=(0.2, 0.5), flip=0)
        state = torch.get_rng_state()
        height, width, top, left = augment.crops(2, 28)
        torch.set_rng_state(state)
        across, down = augment.crop_and_flip(images)[:, 0]
        inside = (torch.arange(28.0) + 0.5) / 28
        for shown, start, length in ((across[9], left[0], width[0]),
                                     (down[:, 9], top[1], height[1])):
            expected = (start + inside * length).clamp(0.5, 27.5)
            self.assertLess(float((shown - expected).abs().max()), 1e-3)

    def test_jitter_runs_in_both_orders(self):
        torch.manual_seed(4)
        image = torch.linspace(0.2, 0.4, 16).view(1, 1, 4, 4)
        jittered = Augmentation(brightness=0.5, contrast=0.5).jitter(image.repeat(500, 1, 1, 1))
        # Contrast keeps the mean of what it gets, brightness scales it, in either order.
        scale = jittered.mean(dim=(1, 2, 3)) / image.mean()
        self.assertGreater(float(scale.min()), 0.5 - 1e-4)
        self.assertLess(float(scale.max()), 1.5 + 1e-4)
        still = Augmentation(brightness=0, contrast=0).jitter(image)
        self.assertLess(float((still - image).abs().max()), 1e-6)


class Judgement(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(5)
        self.rows, self.asked = F.normalize(torch.randn(60, 3)), F.normalize(torch.randn(40, 3))
        self.labels, self.truth = torch.randint(4, (60,)), torch.randint(4, (40,))

    def test_knn_is_the_weighted_vote(self):
        found = knn_accuracy(self.rows, self.labels, self.asked, self.truth, (1, 5, 200), 0.1)
        for k in (1, 5, 200):
            right = 0
            for query, expected in zip(self.asked, self.truth.tolist()):
                ranked = sorted(range(60), key=lambda i: -float(query @ self.rows[i]))[:k]
                votes = [sum(math.exp(float(query @ self.rows[i]) / 0.1)
                             for i in ranked if self.labels[i] == c) for c in range(10)]
                right += votes.index(max(votes)) == expected
            self.assertAlmostEqual(found[k], right / 40)

    def test_recall_passes_over_the_image_itself(self):
        right = 0
        for i in range(60):
            nearest = max((j for j in range(60) if j != i),
                          key=lambda j: float(self.rows[i] @ self.rows[j]))
            right += bool(self.labels[i] == self.labels[nearest])
        self.assertAlmostEqual(recall_at_1(self.rows, self.labels), right / 60)


if __name__ == "__main__":
    unittest.main()
