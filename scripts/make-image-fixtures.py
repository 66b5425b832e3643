#!/usr/bin/env python3
"""Writes src/test/resources/data: small images and what Pillow makes of them.

The expected images come from the operations that torchvision's transforms call on PIL
images (crop and resize, ImageEnhance, the HSV shift of adjust_hue, convert, transpose);
the blur from a Gaussian kernel with mirrored borders, as in torchvision's gaussian_blur.
cases.txt lists each case with its parameters. Needs Pillow and NumPy.
"""
import math
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

OUT = pathlib.Path(__file__).resolve().parent.parent / "src/test/resources/data"


def scene(height, width):
    """Smooth colours, hard edges and noise: something for every operation."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    image = np.stack(
        [
            128 + 120 * np.sin(x / 5) * np.cos(y / 7),
            255 * x / width,
            255 * (y / height) ** 2,
        ],
        axis=-1,
    )
    image[(x - 0.3 * width) ** 2 + (y - 0.6 * height) ** 2 < (0.2 * height) ** 2] = [250, 20, 40]
    image[(x > 0.6 * width) & (y < 0.4 * height)] = [90, 90, 90]
    image[: height // 6, : width // 4] = [0, 0, 0]
    image[: height // 6, width // 4 : width // 3] = [255, 255, 255]
    noise = np.random.RandomState(7).randint(-12, 13, image.shape)
    return Image.fromarray(np.clip(image + noise, 0, 255).astype(np.uint8))


def shift_hue(image, shift):
    if image.mode == "L":
        return image
    hue, saturation, value = image.convert("HSV").split()
    moved = (np.asarray(hue).astype(int) + int(shift * 255)) % 256
    return Image.merge("HSV", (Image.fromarray(moved.astype(np.uint8)), saturation, value)).convert("RGB")


def blur(image, deviation):
    radius = math.ceil(3 * deviation)
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / deviation) ** 2)
    kernel /= kernel.sum()
    pixels = np.asarray(image).astype(float)
    for axis in (0, 1):
        pad = [(0, 0)] * pixels.ndim
        pad[axis] = (radius, radius)
        padded = np.pad(pixels, pad, mode="reflect")
        size = pixels.shape[axis]
        pixels = sum(w * np.take(padded, range(t, t + size), axis) for t, w in enumerate(kernel))
    return Image.fromarray(np.rint(pixels).astype(np.uint8))


OPERATIONS = {
    "brightness": lambda image, f: ImageEnhance.Brightness(image).enhance(f),
    "contrast": lambda image, f: ImageEnhance.Contrast(image).enhance(f),
    "saturation": lambda image, f: ImageEnhance.Color(image).enhance(f),
    "hue": shift_hue,
}


def expected(image, top, left, height, width, size, jitter, gray, deviation, flip):
    image = image.crop((left, top, left + width, top + height)).resize(size, Image.BILINEAR)
    for name, factor in jitter:
        # The library keeps factors as 32-bit floats.
        image = OPERATIONS[name](image, float(np.float32(factor)))
    if gray:
        image = image.convert("L").convert(image.mode)
    if deviation:
        image = blur(image, deviation)
    return image.transpose(Image.FLIP_LEFT_RIGHT) if flip else image


def netpbm(image, name):
    suffix = ".pgm" if image.mode == "L" else ".ppm"
    image.save(OUT / (name + suffix))
    return name + suffix


def case(lines, name, source, image, crop, size, jitter=(), gray=0, deviation=0, flip=0):
    result = expected(image, *crop, size, jitter, gray, deviation, flip)
    lines.append(
        f"{netpbm(result, name)} {source} {' '.join(map(str, crop))} {size[1]} {size[0]} "
        f"{gray} {deviation} {flip} " + " ".join(f"{n}={f}" for n, f in jitter)
    )


def evaluation(lines, name, source, image, resize, height, width):
    """torchvision's Resize(resize) and CenterCrop((height, width))."""
    if resize:
        short, long = sorted(image.size)
        longer = int(resize * long / short)
        image = image.resize((resize, longer) if image.width < image.height else (longer, resize), Image.BILINEAR)
    top, left = round((image.height - height) / 2), round((image.width - width) / 2)
    result = image.crop((left, top, left + width, top + height))
    lines.append(f"{netpbm(result, name)} {source} {resize} {height} {width}")


def smooth(height, width):
    """Slow waves of colour without edges, the same from no two sides."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    image = [
        128 + 100 * np.sin(2 * x / width + 3 * y / height),
        40 + 170 * x / width,
        220 - 180 * (y / height) ** 2,
    ]
    return Image.fromarray(np.rint(np.stack(image, axis=-1)).astype(np.uint8))


def scaled_jpegs():
    """JPEGs large enough to be decoded at a smaller scale, their sides no whole blocks."""
    image = smooth(131, 203)
    for name, sampling in (("smooth444", 0), ("smooth422", 1), ("smooth420", 2)):
        image.save(OUT / f"{name}.jpg", quality=92, subsampling=sampling)
    image.save(OUT / "smooth_progressive.jpg", quality=92, progressive=True)
    y, x = np.mgrid[0:64, 0:96]
    Image.fromarray(((x + y) % 2 * 255).astype(np.uint8)).save(OUT / "checkers.jpg", quality=95)
    lines = ["# expected jpeg top left height width out_height out_width"]
    for name, source, (top, left, height, width), size in (
        ("jpeg_shrunk", "smooth420.jpg", (10, 21, 100, 151), (64, 56)),
        ("jpeg_grown", "baseline.jpg", (7, 12, 21, 23), (48, 40)),
        ("jpeg_whole", "baseline.jpg", (0, 0, 37, 50), (32, 32)),
    ):
        crop = Image.open(OUT / source).crop((left, top, left + width, top + height))
        expected = netpbm(crop.resize(size, Image.BILINEAR), name)
        lines.append(f"{expected} {source} {top} {left} {height} {width} {size[1]} {size[0]}")
    (OUT / "jpeg_views.txt").write_text("\n".join(lines) + "\n")


def exif_jpegs():
    """One scene stored in each of EXIF's eight orientations, and what exif_transpose makes of it."""
    turned = [None, Image.FLIP_LEFT_RIGHT, Image.ROTATE_180, Image.FLIP_TOP_BOTTOM, Image.TRANSPOSE,
              Image.ROTATE_90, Image.TRANSVERSE, Image.ROTATE_270]
    scene_ = smooth(29, 43)
    for orientation, operation in enumerate(turned, start=1):
        stored = scene_ if operation is None else scene_.transpose(operation)
        exif = Image.Exif()
        exif[0x0112] = orientation
        name = f"exif{orientation}"
        stored.save(OUT / f"{name}.jpg", quality=95, subsampling=0, exif=exif)
        netpbm(ImageOps.exif_transpose(Image.open(OUT / f"{name}.jpg")), name)


def png(name, pixels, colour_type):
    """A PNG of 16-bit samples, which Pillow cannot write in colour."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    (OUT / name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                             + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def other_types(colour, gray):
    """What is no JPEG."""
    rng = np.random.RandomState(3)
    low_bytes = rng.randint(0, 256, np.asarray(colour).shape)
    png("deep_colour.png", np.asarray(colour).astype(int) * 256 + low_bytes, 2)
    with_alpha = gray.copy()
    with_alpha.putalpha(Image.linear_gradient("L").resize(gray.size))
    with_alpha.save(OUT / "gray_alpha.png")
    colour.quantize(16).save(OUT / "palette_alpha.png", transparency=3)
    colour.save(OUT / "colour.bmp")
    gray.save(OUT / "gray.bmp")
    colour.quantize(16).save(OUT / "palette.gif")
    colour.save(OUT / "colour.tif", compression="tiff_lzw")
    colour.convert("CMYK").save(OUT / "cmyk.tif", compression="tiff_lzw")
    netpbm(Image.open(OUT / "cmyk.tif").convert("RGB"), "cmyk_tif")
    colour.save(OUT / "colour.webp", lossless=True)
    with_alpha = colour.copy()
    with_alpha.putalpha(Image.linear_gradient("L").resize(colour.size))
    with_alpha.save(OUT / "alpha.webp", lossless=True, exact=True)
    smooth(37, 50).save(OUT / "lossy.webp", quality=90)
    netpbm(Image.open(OUT / "lossy.webp").convert("RGB"), "lossy")


def every_colour():
    """All 2^24 colours with their hue moved, as a checksum that any order of summing gives."""
    green_blue = np.stack(np.meshgrid(np.arange(256), np.arange(256), indexing="ij"), axis=-1)
    lines = ["# shift checksum: sum of byte i * (2654435761 i mod 2^32), mod 2^64, over [red, green, blue, channel]"]
    for shift in (0.1, -0.5, 0.37, -0.013):
        checksum = 0
        for red in range(256):
            colours = np.insert(green_blue, 0, red, axis=-1).astype(np.uint8)
            moved = np.asarray(shift_hue(Image.fromarray(colours), shift)).reshape(-1).astype(np.uint64)
            at = np.arange(moved.size, dtype=np.uint64) + np.uint64(red * moved.size)
            checksum += int((moved * (at * np.uint64(2654435761) % np.uint64(2**32))).sum(dtype=np.uint64))
        lines.append(f"{shift} {checksum % 2**64}")
    (OUT / "every_colour.txt").write_text("\n".join(lines) + "\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    colour, gray = scene(37, 50), scene(28, 28).convert("L")
    netpbm(colour, "colour"), netpbm(gray, "gray")
    whole, part = (0, 0, 37, 50), (5, 9, 26, 31)
    lines = ["# expected source top left height width out_height out_width gray blur flip jitter..."]
    case(lines, "shrunk", "colour.ppm", colour, part, (16, 14))
    case(lines, "grown", "colour.ppm", colour, (11, 20, 9, 13), (24, 26))
    case(lines, "flipped", "colour.ppm", colour, part, (20, 20), flip=1)
    case(lines, "brighter", "colour.ppm", colour, part, (24, 20), [("brightness", 1.37)])
    case(lines, "darker", "colour.ppm", colour, part, (24, 20), [("brightness", 0.6)])
    case(lines, "contrast", "colour.ppm", colour, part, (24, 20), [("contrast", 1.4)])
    case(lines, "flat", "colour.ppm", colour, part, (24, 20), [("contrast", 0.63)])
    case(lines, "saturated", "colour.ppm", colour, part, (24, 20), [("saturation", 1.39)])
    case(lines, "pale", "colour.ppm", colour, part, (24, 20), [("saturation", 0.2)])
    case(lines, "hue_up", "colour.ppm", colour, part, (24, 20), [("hue", 0.1)])
    case(lines, "hue_down", "colour.ppm", colour, part, (24, 20), [("hue", -0.37)])
    case(lines, "without_colour", "colour.ppm", colour, part, (24, 20), gray=1)
    case(lines, "blurred", "colour.ppm", colour, part, (24, 20), deviation=1.3)
    case(lines, "hardly_blurred", "colour.ppm", colour, part, (24, 20), deviation=0.15)
    every = [("hue", 0.08), ("contrast", 0.8), ("saturation", 1.3), ("brightness", 1.2)]
    case(lines, "everything", "colour.ppm", colour, part, (24, 22), every, deviation=0.9, flip=1)
    other = every[::-1]
    case(lines, "other_order", "colour.ppm", colour, whole, (32, 32), other, gray=1, deviation=2, flip=1)
    case(lines, "gray_view", "gray.pgm", gray, (3, 4, 20, 17), (28, 28), every, gray=1, deviation=0.7, flip=1)
    (OUT / "cases.txt").write_text("\n".join(lines) + "\n")

    lines = ["# expected source resize height width"]
    evaluation(lines, "centre", "colour.ppm", colour, 20, 16, 18)
    evaluation(lines, "centre_grown", "gray.pgm", gray, 33, 31, 29)
    evaluation(lines, "centre_only", "colour.ppm", colour, 0, 24, 25)
    upright = colour.transpose(Image.ROTATE_90)
    evaluation(lines, "centre_upright", netpbm(upright, "upright"), upright, 24, 24, 24)
    (OUT / "evaluation.txt").write_text("\n".join(lines) + "\n")

    lines = ["# expected jpeg"]
    for name, image, options in (
        ("baseline", colour, {"quality": 90}),
        ("progressive", colour, {"quality": 85, "progressive": True}),
        ("luminance", gray, {"quality": 90}),
        ("cmyk", colour.convert("CMYK"), {"quality": 95}),
    ):
        image.save(OUT / f"{name}.jpg", **options)
        decoded = Image.open(OUT / f"{name}.jpg")
        lines.append(f"{netpbm(decoded if decoded.mode == 'L' else decoded.convert('RGB'), name)} {name}.jpg")
    (OUT / "jpeg.txt").write_text("\n".join(lines) + "\n")

    colour.save(OUT / "colour.png", optimize=True)
    gray.save(OUT / "gray.png", optimize=True)
    with_alpha = colour.copy()
    with_alpha.putalpha(Image.linear_gradient("L").resize(colour.size))
    with_alpha.save(OUT / "alpha.png")
    netpbm(colour.quantize(16).convert("RGB"), "palette")
    colour.quantize(16).save(OUT / "palette.png")
    Image.fromarray(np.asarray(gray).astype(np.uint16) * 257).save(OUT / "deep.png")
    black_white = gray.convert("1", dither=Image.NONE)
    black_white.save(OUT / "bits.png")
    netpbm(black_white.convert("L"), "bits")
    scaled_jpegs()
    exif_jpegs()
    other_types(colour, gray)
    every_colour()


if __name__ == "__main__":
    main()
