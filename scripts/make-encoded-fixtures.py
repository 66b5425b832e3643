#!/usr/bin/env python3
"""Writes src/test/resources/data/encoded: small pictures in files of many encoders, and in pillow.txt the
pixels that Pillow reads from each.

A line of pillow.txt is a file, its width and height in pixels and the SHA-256 of Pillow's RGB; or a file, the
word `refused` and a word that the refusal must have. 16-bit samples count by their high byte, where Pillow's
conversion to RGB of gray ones cuts them off instead. Needs Pillow, NumPy and, as Debian packages, webp, gifsicle,
pngcrush, optipng, imagemagick, graphicsmagick, libtiff-tools and netpbm.
"""
import hashlib
import io
import pathlib
import shutil
import struct
import subprocess
import tempfile
import zlib

import numpy as np
from PIL import Image, ImageCms, ImageOps

OUT = pathlib.Path(__file__).resolve().parent.parent / "src/test/resources/data/encoded"
WORK = pathlib.Path(tempfile.mkdtemp())
LINES = []


def scene(height, width, noise=9):
    """Saturated colours with hard edges, slow colours, and noise."""
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([128 + 120 * np.sin(x / 3) * np.cos(y / 4), 255 * x / width, 255 * (y / height) ** 2], axis=-1)
    image[(x - 0.3 * width) ** 2 + (y - 0.6 * height) ** 2 < (0.25 * height) ** 2] = [255, 0, 30]
    image[(x > 0.6 * width) & (y < 0.4 * height)] = [0, 20, 255]
    image[: height // 5, : width // 4] = [0, 0, 0]
    image[: height // 5, width // 4 : width // 2] = [0, 255, 0]
    image = image + np.random.RandomState(7).randint(-noise, noise + 1, image.shape)
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


COLOUR = scene(19, 27)
SMOOTH = scene(32, 48, noise=0)
GRAY = COLOUR.convert("L")
BITS = GRAY.convert("1", dither=Image.Dither.NONE)
CMYK = Image.merge("CMYK", (*ImageOps.invert(COLOUR).split(), GRAY.point(lambda level: level // 3)))


def palette(colours):
    return COLOUR.quantize(colours, dither=Image.Dither.NONE)


def with_alpha(image):
    """Alpha from 0 to 255 and, as in drawings, a clear corner."""
    alpha = np.linspace(0, 255, image.width * image.height).reshape(image.height, image.width).astype(np.uint8)
    alpha[: image.height // 4] = 0
    image = image.copy()
    image.putalpha(Image.fromarray(alpha))
    return image


def drawing():
    """Few colours on transparent black, as emoji are."""
    y, x = np.mgrid[0:24, 0:24]
    image = np.zeros((24, 24, 4), np.uint8)
    image[(x - 12) ** 2 + (y - 12) ** 2 < 100] = [255, 204, 77, 255]
    image[(x - 8) ** 2 + (y - 9) ** 2 < 6] = image[(x - 16) ** 2 + (y - 9) ** 2 < 6] = [102, 69, 0, 255]
    image[(abs(x - 12) < 6) & (abs(y - 17) < 2)] = [0, 0, 0, 255]
    return Image.fromarray(image)


def rgb(path):
    # From memory: Pillow's mapping of a file shears images that lie on their side.
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        if image.mode.startswith("I;16"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return image.convert("RGB")


def add(name):
    pixels = rgb(OUT / name)
    LINES.append(f"{name} {pixels.width} {pixels.height} {hashlib.sha256(pixels.tobytes()).hexdigest()}")


def refuse(name, word):
    LINES.append(f"{name} refused {word}")


def pillow(name, image, expect=None, **options):
    image.save(OUT / name, **options)
    refuse(name, expect) if expect else add(name)


def tool(name, *command, expect=None):
    """A file that a program writes; OUT stands for it."""
    words = [str(OUT / name) if word == "OUT" else str(word) for word in command]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    refuse(name, expect) if expect else add(name)


def source(name, image, **options):
    image.save(WORK / name, **options)
    return WORK / name


def png(name, pixels, depth, colour_type, chunks=()):
    """A PNG of samples that Pillow does not write."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    rows = pixels.astype(">u2" if depth == 16 else np.uint8).reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [chunk(b"IHDR", header), *(chunk(*c) for c in chunks), chunk(b"IDAT", zlib.compress(data, 9)), chunk(b"IEND", b"")]
    (OUT / name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    add(name)


def deep(image):
    samples = np.asarray(image).astype(int)
    return samples * 256 + np.random.RandomState(3).randint(0, 256, samples.shape)


def pngs():
    colour, alpha = source("colour.png", COLOUR), source("alpha.png", with_alpha(COLOUR))
    gray, bits, few = source("gray.png", GRAY), source("bits.png", BITS), source("few.png", palette(5))
    drawn = source("drawing.png", drawing())
    for name, image in (("colour", COLOUR), ("alpha", with_alpha(COLOUR)), ("gray", GRAY), ("gray-alpha", with_alpha(GRAY)),
                        ("bits", BITS), ("palette", palette(200)), ("drawing", drawing())):
        pillow(f"pillow-{name}.png", image, optimize=True)
    for bits_, colours in ((1, 2), (2, 4), (4, 13)):
        pillow(f"pillow-palette{bits_}.png", palette(colours), bits=bits_)
    pillow("pillow-palette-clear.png", palette(16), transparency=3)
    pillow("pillow-palette-alpha.png", palette(16), transparency=bytes(range(0, 160, 10)))
    pillow("pillow-gray-clear.png", GRAY, transparency=40)
    pillow("pillow-colour-clear.png", COLOUR, transparency=COLOUR.getpixel((5, 5)))
    pillow("pillow-profile.png", COLOUR, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    png("gray16.png", deep(GRAY), 16, 0)
    png("colour16.png", deep(COLOUR), 16, 2)
    png("gray-alpha16.png", deep(with_alpha(GRAY)), 16, 4)
    png("alpha16.png", deep(with_alpha(COLOUR)), 16, 6)
    png("gamma.png", np.asarray(COLOUR), 8, 2, [(b"gAMA", struct.pack(">I", 100000))])
    tool("magick-interlaced.png", "convert", colour, "-interlace", "PNG", "OUT")
    tool("magick-interlaced-few.png", "convert", few, "-interlace", "PNG", "OUT")
    tool("magick-gray2.png", "convert", gray, "-depth", "2", "-colorspace", "Gray", "OUT")
    tool("magick-gray4.png", "convert", gray, "-depth", "4", "-colorspace", "Gray", "OUT")
    tool("magick-16.png", "convert", colour, "-depth", "16", "-define", "png:bit-depth=16", "-resize", "150%", "OUT")
    tool("graphicsmagick-alpha.png", "gm", "convert", alpha, "OUT")
    tool("pngcrush-colour.png", "pngcrush", "-brute", colour, "OUT")
    tool("pngcrush-drawing.png", "pngcrush", "-reduce", drawn, "OUT")
    tool("optipng-gray.png", "optipng", "-i", "1", "-out", "OUT", gray)
    tool("optipng-drawing.png", "optipng", "-o", "5", "-out", "OUT", drawn)
    tool("optipng-bits.png", "optipng", "-i", "1", "-out", "OUT", bits)
    netpbm = source("netpbm.ppm", COLOUR)
    subprocess.run(f"pnmtopng -interlace {netpbm} > {OUT / 'netpbm-interlaced.png'}", shell=True, check=True, stderr=subprocess.DEVNULL)
    add("netpbm-interlaced.png")


def bmps():
    colour, alpha, few = source("b.png", COLOUR), source("ba.png", with_alpha(COLOUR)), source("bf.png", palette(13))
    many = source("bm.png", palette(200))
    for name, image in (("colour", COLOUR), ("alpha", with_alpha(COLOUR)), ("gray", GRAY), ("bits", BITS), ("palette", palette(40))):
        pillow(f"pillow-{name}.bmp", image)
    for version in (2, 3):
        tool(f"magick-{version}.bmp", "convert", colour, f"BMP{version}:{OUT / f'magick-{version}.bmp'}")
    tool("magick-4.bmp", "convert", alpha, "OUT")
    tool("magick-few.bmp", "convert", few, "-type", "Palette", "BMP3:" + str(OUT / "magick-few.bmp"))
    tool("magick-rle.bmp", "convert", many, "-type", "Palette", "-compress", "RLE", "BMP3:" + str(OUT / "magick-rle.bmp"))
    for layout in ("RGB565", "RGB555", "ARGB4444", "ARGB1555"):
        name = f"magick-{layout.lower()}.bmp"
        tool(name, "convert", alpha if layout[0] == "A" else colour, "-define", f"bmp:subtype={layout}", "OUT",
             expect="BMP" if layout == "ARGB4444" else None)
    tool("graphicsmagick.bmp", "gm", "convert", many, "OUT")
    netpbm = source("b.ppm", palette(13).convert("RGB"))
    for name, option in (("windows", "-windows"), ("os2", "-os2")):
        target = OUT / f"netpbm-{name}.bmp"
        subprocess.run(f"ppmtobmp {option} {netpbm} > {target}", shell=True, check=True, stderr=subprocess.DEVNULL)
        add(target.name)


def gifs():
    first, second = source("g1.gif", palette(30)), source("g2.gif", ImageOps.mirror(palette(30)))
    small = source("g3.gif", palette(7).crop((4, 3, 15, 12)))
    drawn = source("g.png", drawing())
    pillow("pillow-palette.gif", palette(30))
    pillow("pillow-gray.gif", GRAY)
    pillow("pillow-bits.gif", BITS)
    pillow("pillow-flat.gif", palette(30), interlace=False)
    pillow("pillow-clear.gif", palette(16), transparency=5)
    pillow("pillow-drawing.gif", drawing())
    pillow("pillow-frames.gif", palette(30), save_all=True, append_images=[ImageOps.mirror(palette(30))])
    tool("gifsicle-interlaced.gif", "gifsicle", "--interlace", first, "-o", "OUT")
    tool("gifsicle-frames.gif", "gifsicle", "-O3", "--delay", "5", first, second, "-o", "OUT")
    tool("gifsicle-screen.gif", "gifsicle", "--logical-screen", "40x30", "--position", "9,5", small, "-o", "OUT")
    tool("gifsicle-background.gif", "gifsicle", "--background", "3", "--logical-screen", "40x30", "--position", "2,7", small, "-o", "OUT")
    tool("magick-drawing.gif", "convert", drawn, "OUT")
    tool("magick-page.gif", "convert", small, "-page", "50x40+11+6", "OUT")
    tool("magick-page-clear.gif", "convert", drawn, "-repage", "50x40+11+6", "OUT")
    tool("magick-page-outside.gif", "convert", small, "-repage", "12x10+6+5", "OUT")
    tool("magick-frames.gif", "convert", first, small, "-layers", "optimize", "OUT")
    tool("magick-interlaced.gif", "convert", first, "-interlace", "GIF", "OUT")
    tool("graphicsmagick.gif", "gm", "convert", first, "OUT")


def tiffs():
    for name, image in (("colour", COLOUR), ("alpha", with_alpha(COLOUR)), ("gray", GRAY), ("gray-alpha", with_alpha(GRAY)), ("bits", BITS),
                        ("palette", palette(40)), ("cmyk", CMYK), ("ycbcr", COLOUR.convert("YCbCr"))):
        pillow(f"pillow-{name}.tif", image, expect="YCbCr" if name == "ycbcr" else None)
    for compression in ("tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits"):
        pillow(f"pillow-{compression}.tif", COLOUR, compression=compression)
    for compression in ("group3", "group4", "tiff_ccitt"):
        pillow(f"pillow-{compression}.tif", BITS, compression=compression)
    pillow("pillow-jpeg.tif", COLOUR, compression="jpeg")
    pillow("pillow-jpeg-gray.tif", GRAY, compression="jpeg")
    pillow("pillow-jpeg-cmyk.tif", CMYK, compression="jpeg", expect="JPEG")
    pillow("pillow-lab.tif", Image.merge("LAB", COLOUR.split()), expect="LAB")
    pillow("pillow-float.tif", Image.fromarray(np.asarray(GRAY).astype(np.float32) / 255), expect="32-bit")
    pillow("pillow-int.tif", Image.fromarray(np.asarray(GRAY).astype(np.int32) * 70000), expect="32-bit")
    pillow("pillow-16.tif", Image.fromarray(deep(GRAY).astype(np.uint16)))
    for orientation in range(2, 9):
        pillow(f"pillow-turned{orientation}.tif", COLOUR, tiffinfo={274: orientation}, compression="tiff_lzw")
    pillow("pillow-turned-gray.tif", GRAY, tiffinfo={274: 6})
    colour, gray, bits = source("t.tif", COLOUR), source("tg.tif", GRAY), source("tb.tif", BITS)
    alpha, mixed = source("ta.tif", with_alpha(COLOUR)), source("ta.png", with_alpha(COLOUR))
    cmyk, few = source("tc.tif", CMYK), source("tp.tif", palette(40))
    smooth, few_png = source("ts.tif", SMOOTH), source("tp.png", palette(4))
    deep_colour, deep_gray = WORK / "t16.tif", WORK / "tg16.tif"
    for target, picture in ((deep_colour, colour), (deep_gray, gray)):
        subprocess.run(["convert", picture, "-depth", "16", "-resize", "130%", "-compress", "None", target], check=True,
                       stderr=subprocess.DEVNULL)
    for name, options in (("planes", ["-p", "separate"]), ("tiles", ["-t", "-w", "16", "-l", "16"]), ("strips", ["-r", "4"]),
                          ("big-endian", ["-B"]), ("lzw-predictor", ["-c", "lzw:2"]), ("zip-predictor", ["-c", "zip:2"]),
                          ("planes-tiles", ["-p", "separate", "-t", "-w", "16", "-l", "16", "-c", "lzw:2"])):
        tool(f"tiffcp-{name}.tif", "tiffcp", *options, colour, "OUT")
    tool("tiffcp-alpha-strips.tif", "tiffcp", "-r", "5", "-c", "lzw:2", alpha, "OUT")
    tool("tiffcp-cmyk.tif", "tiffcp", "-c", "zip", cmyk, "OUT")
    tool("tiffcp-cmyk-planes.tif", "tiffcp", "-p", "separate", cmyk, "OUT")
    tool("tiffcp-palette-tiles.tif", "tiffcp", "-t", "-w", "16", "-l", "16", few, "OUT")
    tool("tiffcp-fill-order.tif", "tiffcp", "-f", "lsb2msb", "-c", "g4", bits, "OUT")
    tool("tiffcp-fill-order-raw.tif", "tiffcp", "-f", "lsb2msb", "-c", "none", bits, "OUT")
    tool("tiffcp-big.tif", "tiffcp", "-8", colour, "OUT", expect="BigTIFF")
    tool("tiffcp-jpeg.tif", "tiffcp", "-c", "jpeg", colour, "OUT")
    for size, sampling in ((16, "4:2:0"), (48, "4:4:4"), (16, "4:2:2")):
        tool(f"magick-jpeg-{sampling.replace(':', '')}.tif", "convert", smooth, "-compress", "JPEG", "-quality", "80", "-sampling-factor",
             sampling, "-define", f"tiff:rows-per-strip={size}", "OUT")
    tool("tiffcp-jpeg-rgb.tif", "tiffcp", "-c", "jpeg:r", colour, "OUT")
    tool("tiffcp-jpeg-tiles.tif", "tiffcp", "-c", "jpeg", "-t", "-w", "16", "-l", "16", smooth, "OUT")
    tool("tiffcp-alpha-planes.tif", "tiffcp", "-p", "separate", alpha, "OUT")
    tool("tiffcp-16-predictor.tif", "tiffcp", "-c", "lzw:2", deep_colour, "OUT", expect="predictor")
    tool("tiffcp-16-predictor-big-endian.tif", "tiffcp", "-B", "-c", "zip:2", deep_colour, "OUT", expect="predictor")
    tool("magick-16-planes.tif", "convert", deep_colour, "-interlace", "Plane", "OUT", expect="planes")
    tool("tiffcp-gray-big-endian.tif", "tiffcp", "-B", "-c", "lzw", deep_gray, "OUT")
    tool("tiffcp-16-big-endian.tif", "tiffcp", "-B", "-c", "zip", deep_colour, "OUT")
    tool("magick-premultiplied16.tif", "convert", mixed, "-depth", "16", "-resize", "130%", "-compress", "None",
         "-define", "tiff:alpha=associated", "OUT")
    tool("magick-cmyk16.tif", "convert", colour, "-colorspace", "CMYK", "-depth", "16", "-resize", "120%", "OUT", expect="CMYK")
    tool("magick-few2.tif", "convert", few_png, "-colors", "4", "-type", "Palette", "-depth", "2", "OUT")
    tool("magick-fax.tif", "convert", bits, "-compress", "Fax", "OUT")
    tool("magick-zstd.tif", "convert", colour, "-compress", "ZSTD", "OUT", expect="compression")
    tool("tiffcp-pages.tif", "tiffcp", colour, gray, "OUT")
    tool("magick-alpha.tif", "convert", mixed, "-define", "tiff:alpha=unassociated", "OUT")
    tool("magick-premultiplied.tif", "convert", mixed, "-define", "tiff:alpha=associated", "OUT")
    tool("magick-16.tif", "convert", colour, "-depth", "16", "-resize", "150%", "OUT")
    tool("magick-16-gray.tif", "convert", gray, "-depth", "16", "-resize", "150%", "OUT")
    tool("magick-gray4.tif", "convert", gray, "-depth", "4", "OUT")
    tool("magick-gray2.tif", "convert", gray, "-depth", "2", "OUT")
    tool("magick-white-is-0.tif", "convert", gray, "-define", "quantum:polarity=min-is-white", "OUT")
    tool("magick-bits-white-is-0.tif", "convert", bits, "-define", "quantum:polarity=min-is-white", "OUT")
    tool("magick-zip.tif", "convert", colour, "-compress", "Zip", "OUT")
    tool("magick-lab.tif", "convert", colour, "-colorspace", "Lab", "OUT", expect="LAB")
    real = ("-define", "quantum:format=floating-point", "-compress", "LZW", "OUT")
    tool("magick-float.tif", "convert", colour, "-depth", "32", *real, expect="32-bit")
    tool("magick-double.tif", "convert", gray, "-depth", "64", *real, expect="64-bit")
    tool("magick-32.tif", "convert", gray, "-depth", "32", "OUT", expect="32-bit")
    tool("magick-cmyk.tif", "convert", colour, "-colorspace", "CMYK", "OUT")
    tool("graphicsmagick.tif", "gm", "convert", colour, "-compress", "LZW", "OUT")


def webps():
    colour, alpha, drawn = source("w.png", COLOUR), source("wa.png", with_alpha(COLOUR)), source("wd.png", drawing())
    smooth, odd = source("ws.png", SMOOTH), source("wo.png", SMOOTH.crop((0, 0, 47, 31)))
    flat = source("wf.png", Image.new("RGB", (25, 17), (200, 30, 90)))
    for name, image in (("colour", COLOUR), ("alpha", with_alpha(COLOUR)), ("drawing", drawing()), ("palette", palette(9)), ("gray", GRAY)):
        pillow(f"pillow-lossless-{name}.webp", image, lossless=True)
    pillow("pillow-exact.webp", with_alpha(COLOUR), lossless=True, exact=True)
    pillow("pillow-palette-clear.webp", palette(9).convert("RGBA").quantize(9), lossless=True, exact=True)
    for quality in (5, 60, 95):
        pillow(f"pillow-q{quality}.webp", SMOOTH, quality=quality)
    pillow("pillow-lossy-alpha.webp", with_alpha(COLOUR), quality=80)
    pillow("pillow-exif.webp", SMOOTH, quality=90, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    pillow("pillow-frames.webp", SMOOTH, save_all=True, append_images=[ImageOps.mirror(SMOOTH)], lossless=True)
    tool("cwebp-q75.webp", "cwebp", smooth, "-o", "OUT")
    tool("cwebp-odd.webp", "cwebp", "-q", "90", odd, "-o", "OUT")
    tool("cwebp-sharp.webp", "cwebp", "-sharp_yuv", "-q", "85", smooth, "-o", "OUT")
    tool("cwebp-segments.webp", "cwebp", "-segments", "4", "-sns", "100", "-m", "6", "-q", "30", smooth, "-o", "OUT")
    tool("cwebp-simple-filter.webp", "cwebp", "-nostrong", "-f", "60", "-q", "30", smooth, "-o", "OUT")
    tool("cwebp-alpha.webp", "cwebp", "-alpha_q", "30", "-q", "50", alpha, "-o", "OUT")
    tool("cwebp-lossless.webp", "cwebp", "-lossless", "-z", "9", colour, "-o", "OUT")
    tool("cwebp-lossless-alpha.webp", "cwebp", "-lossless", "-exact", alpha, "-o", "OUT")
    tool("cwebp-lossless-drawing.webp", "cwebp", "-lossless", "-z", "9", drawn, "-o", "OUT")
    tool("cwebp-near-lossless.webp", "cwebp", "-near_lossless", "40", colour, "-o", "OUT")
    tool("cwebp-flat.webp", "cwebp", "-m", "6", "-q", "100", flat, "-o", "OUT")
    tool("cwebp-flat-lossless.webp", "cwebp", "-lossless", "-z", "9", "-m", "6", flat, "-o", "OUT")
    tool("magick.webp", "convert", smooth, "-quality", "70", "OUT")
    tool("magick-lossless.webp", "convert", drawn, "-define", "webp:lossless=true", "OUT")
    tool("webpmux-frame-inside.webp", "webpmux", "-frame", OUT / "cwebp-lossless.webp", "+100+6+4", "-frame",
         OUT / "cwebp-odd.webp", "+100+0+0", "-o", "OUT")
    tool("webpmux-extended.webp", "webpmux", "-set", "exif", source_bytes("exif", b"MM\0*\0\0\0\x08\0\0\0\0\0\0"),
         OUT / "cwebp-q75.webp", "-o", "OUT")


def source_bytes(name, data):
    (WORK / name).write_bytes(data)
    return WORK / name


def jpegs():
    smooth, gray = source("j.png", SMOOTH), source("jg.png", SMOOTH.convert("L"))
    for name, options in (("444", {"subsampling": 0}), ("422", {"subsampling": 1}), ("420", {"subsampling": 2}),
                          ("progressive", {"progressive": True}), ("optimised", {"optimize": True, "quality": 40}),
                          ("restarts", {"restart_marker_blocks": 2}), ("rgb", {"keep_rgb": True})):
        pillow(f"pillow-{name}.jpg", SMOOTH, **options)
    pillow("pillow-gray.jpg", GRAY)
    pillow("pillow-cmyk.jpg", CMYK, quality=95)
    tool("magick-411.jpg", "convert", smooth, "-sampling-factor", "4x1", "-quality", "90", "OUT")
    tool("magick-440.jpg", "convert", smooth, "-sampling-factor", "1x2", "-quality", "90", "OUT")
    tool("magick-progressive.jpg", "convert", smooth, "-interlace", "JPEG", "-quality", "60", "OUT")
    tool("magick-gray.jpg", "convert", gray, "-quality", "85", "OUT")
    tool("magick-cmyk.jpg", "convert", smooth, "-colorspace", "CMYK", "-quality", "95", "OUT")
    tool("graphicsmagick.jpg", "gm", "convert", smooth, "-quality", "80", "OUT")
    netpbm = source("j.ppm", SMOOTH)
    subprocess.run(f"pnmtojpeg -quality 77 {netpbm} > {OUT / 'netpbm.jpg'}", shell=True, check=True, stderr=subprocess.DEVNULL)
    add("netpbm.jpg")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for kind in (pngs, bmps, gifs, tiffs, webps, jpegs):
        kind()
    (OUT / "pillow.txt").write_text("\n".join(LINES) + "\n")
    shutil.rmtree(WORK)


if __name__ == "__main__":
    main()
