"""Student's t distribution, as far as intervals of a mean need it."""
import math

BISECTIONS = 200


def probability(t, freedom):
    """P(|T| < t) for whole degrees of freedom: Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine2 = math.cos(angle) ** 2
    term = math.cos(angle) if freedom % 2 else 1.0
    total = 0.0
    for i in range(freedom % 2, freedom - 1, 2):
        total += term
        term *= cosine2 * (i + 1) / (i + 2)
    if freedom % 2:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total


def quantile(level, freedom):
    """The t with P(|T| < t) = level: what a two-sided interval of that level is wide."""
    low, high = 0.0, 1.0
    while probability(high, freedom) < level:
        high *= 2
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(middle, freedom) < level else (low, middle)
    return high
