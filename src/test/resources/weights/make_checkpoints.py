"""Writes checkpoints of ResNet-50 as Python programs do, for WeightsExportTest to import.

For each network NAME.pth and NAME.safetensors, and in NAME-io.safetensors what it makes of images.
"""
import pathlib
import sys

import resnet50s
import safetensors.torch
import torch

folder, library = pathlib.Path(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
torch.manual_seed(5)
for name, model in resnet50s.make(library).items():
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1)
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
    images = torch.randn(2, 3, 64, 64)
    features = []
    model.fc.register_forward_pre_hook(lambda module, inputs: features.append(inputs[0]))
    with torch.no_grad():
        logits = model.eval()(images)
    torch.save({"epoch": 7, "state_dict": model.state_dict()}, folder / f"{name}.pth")
    safetensors.torch.save_file(model.state_dict(), folder / f"{name}.safetensors")
    io = {"images": images, "features": features[0], "logits": logits}
    safetensors.torch.save_file(io, folder / f"{name}-io.safetensors")
    print(f"{name}: {len(model.state_dict())} tensors")
