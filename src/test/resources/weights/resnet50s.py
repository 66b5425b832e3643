"""ResNet-50 as Python's libraries make it; run as a program, says whether torchvision and timm are there.

A torchvision whose compiled part is for another build of torch cannot be imported, because nothing
registers its operators. Its networks use none of them: registering their names is enough.
"""
import sys

import torch
from torch import nn


def _torchvision():
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        global _operators
        _operators = torch.library.Library("torchvision", "DEF")
        for name in "nms", "qnms":
            _operators.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    return torchvision


class Bottleneck(nn.Module):
    """He et al., CVPR 2016, with the stride in the 3x3 convolution, as torchvision's."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class Plain(nn.Module):
    """Nothing but torch, under torchvision's names."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for stage, blocks in enumerate((3, 4, 6, 3), 1):
            width, layer = 32 << stage, []
            for block in range(blocks):
                layer.append(Bottleneck(inputs, width, 2 if block == 0 and stage > 1 else 1))
                inputs = 4 * width
            setattr(self, f"layer{stage}", nn.Sequential(*layer))
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        for stage in 1, 2, 3, 4:
            x = getattr(self, f"layer{stage}")(x)
        return self.fc(x.mean((2, 3)))


def make(library):
    """{name: network}: of torchvision and timm, or of torch alone."""
    if library == "torch":
        return {"plain": Plain()}
    vision = _torchvision()
    import timm

    return {"torchvision": vision.models.resnet50(), "timm": timm.create_model("resnet50")}


if __name__ == "__main__":
    vision = _torchvision()
    import timm

    print(f"torch {torch.__version__}, torchvision {vision.__version__}, timm {timm.__version__}")
