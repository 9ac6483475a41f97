"""Identity: everything about a face that an expression does not change."""

from __future__ import annotations

from dataclasses import dataclass

from febench.datasets.faces.numeric import (
    PERSON,
    Colour,
    Rng,
    bell,
    between,
    chance,
    linear,
    mix,
    pick,
    scaled,
    stream,
)

SKINS = (
    linear(228, 196, 176),
    linear(226, 191, 168),
    linear(224, 186, 158),
    linear(216, 176, 144),
    linear(206, 161, 127),
    linear(190, 143, 112),
    linear(172, 125, 98),
    linear(152, 108, 84),
)
LIGHT_HAIR = (linear(206, 170, 114), linear(184, 140, 88), linear(170, 92, 50), linear(140, 98, 62))
DARK_HAIR = (linear(118, 80, 54), linear(92, 64, 48), linear(72, 54, 44), linear(60, 50, 46))
GREY_HAIR = (linear(172, 170, 166), linear(142, 140, 138))
LIGHT_IRIS = (linear(110, 152, 186), linear(120, 150, 116), linear(140, 160, 168), linear(150, 118, 72))
DARK_IRIS = (linear(104, 68, 42), linear(78, 50, 34))
CLOTHES = (linear(104, 112, 122), linear(112, 114, 116), linear(118, 112, 108))
LONG_STYLES = ("long", "bob", "bun", "wavy", "fringe")
SHORT_STYLES = ("short", "crew", "parted", "short", "curly")


@dataclass(frozen=True)
class Head:
    """Outline of the head, in face units (eyes at height 0, chin near 1.1, downwards positive)."""

    width: float
    top: float
    chin: float
    roundness: float
    jaw: float
    cheekbones: float

    @classmethod
    def sample(cls, rng: Rng, masculine: bool) -> Head:
        """Draw a head."""
        return cls(
            width=bell(rng, 0.735 if masculine else 0.705, 0.03),
            top=bell(rng, -0.97, 0.025),
            chin=bell(rng, 1.06 if masculine else 1.02, 0.025),
            roundness=bell(rng, 2.7 if masculine else 2.5, 0.18),
            jaw=bell(rng, 0.01 if masculine else -0.04, 0.025),
            cheekbones=bell(rng, 0.02, 0.02),
        )


@dataclass(frozen=True)
class Hair:
    """Style, colour and hairline; `volume` is how far it stands off the skull."""

    style: str
    colour: Colour
    volume: float
    hairline: float
    parting: float
    waves: tuple[float, ...]

    @classmethod
    def sample(cls, rng: Rng, masculine: bool, age: float, tone: int) -> Hair:
        """Draw hair; it greys with age, and men may lose it."""
        styles = SHORT_STYLES if masculine else LONG_STYLES
        style = styles[pick(rng, len(styles))]
        if masculine and chance(rng, 0.02 + 0.22 * age):
            style = "receding"
        dark = tone >= 4 or chance(rng, 0.5)
        palette = DARK_HAIR if dark else LIGHT_HAIR
        colour = palette[pick(rng, len(palette))]
        grey = GREY_HAIR[pick(rng, len(GREY_HAIR))]
        return cls(
            style=style,
            colour=mix(colour, grey, min(max(2.5 * (age - 0.55), 0.0), 0.9)),
            volume=bell(rng, 0.11, 0.025),
            hairline=bell(rng, -0.63, 0.035) - (0.06 * age if masculine else 0.0),
            parting=between(rng, -0.35, 0.35),
            waves=tuple(float(x) for x in rng.random(24)),
        )


@dataclass(frozen=True)
class Brows:
    """Position, shape and weight of the eyebrows."""

    height: float
    arch: float
    slope: float
    thickness: float
    density: float
    colour: Colour

    @classmethod
    def sample(cls, rng: Rng, masculine: bool, hair: Colour) -> Brows:
        """Draw brows, darker than the hair."""
        return cls(
            height=bell(rng, 0.215 if masculine else 0.24, 0.020),
            arch=bell(rng, 0.045 if masculine else 0.065, 0.015),
            slope=bell(rng, 0.0, 0.015),
            thickness=bell(rng, 0.042 if masculine else 0.031, 0.007),
            density=between(rng, 0.7, 0.95),
            colour=scaled(mix(hair, linear(70, 48, 36), 0.5), between(rng, 0.5, 0.9)),
        )


@dataclass(frozen=True)
class Eyes:
    """Position, opening and colour of the eyes."""

    spacing: float
    half_width: float
    opening: float
    tilt: float
    crease: float
    lashes: float
    iris: Colour

    @classmethod
    def sample(cls, rng: Rng, masculine: bool, tone: int) -> Eyes:
        """Draw eyes."""
        palette = DARK_IRIS if tone >= 4 or chance(rng, 0.4) else LIGHT_IRIS
        return cls(
            spacing=bell(rng, 0.325, 0.015),
            half_width=bell(rng, 0.158, 0.007),
            opening=bell(rng, 0.058 if masculine else 0.064, 0.008),
            tilt=bell(rng, 0.014, 0.012),
            crease=bell(rng, 0.045, 0.012),
            lashes=between(rng, 0.2, 0.5) if masculine else between(rng, 0.6, 1.0),
            iris=palette[pick(rng, len(palette))],
        )


@dataclass(frozen=True)
class Nose:
    """Length, width and bridge of the nose."""

    tip: float
    width: float
    bridge: float
    height: float

    @classmethod
    def sample(cls, rng: Rng, masculine: bool) -> Nose:
        """Draw a nose."""
        return cls(
            tip=bell(rng, 0.43 if masculine else 0.40, 0.028),
            width=bell(rng, 0.148 if masculine else 0.132, 0.016),
            bridge=bell(rng, 0.085, 0.018),
            height=bell(rng, 0.19, 0.035),
        )


@dataclass(frozen=True)
class Mouth:
    """Position, size and rest shape of the mouth."""

    height: float
    half_width: float
    upper: float
    lower: float
    bow: float
    droop: float
    colour: Colour
    teeth: float

    @classmethod
    def sample(cls, rng: Rng, masculine: bool, skin: Colour, tone: int) -> Mouth:
        """Draw a mouth, now and then a painted one."""
        painted = not masculine and chance(rng, 0.4)
        red = (skin[0] * 0.70, skin[1] * 0.36, skin[2] * 0.38)
        gloss = linear(176, 48, 62) if tone < 5 else linear(132, 36, 48)
        fullness = 1.0 + 0.05 * max(tone - 3, 0)
        return cls(
            height=bell(rng, 0.705 if masculine else 0.68, 0.016),
            half_width=bell(rng, 0.275 if masculine else 0.262, 0.016),
            upper=bell(rng, 0.050 if masculine else 0.058, 0.010) * fullness,
            lower=bell(rng, 0.070 if masculine else 0.082, 0.012) * fullness,
            bow=between(rng, 0.12, 0.35),
            droop=bell(rng, 0.004, 0.015),
            colour=mix(red, gloss, between(rng, 0.4, 0.8)) if painted else red,
            teeth=between(rng, 0.80, 0.95),
        )


@dataclass(frozen=True)
class Person:
    """One person, the same in every picture of the set."""

    masculine: bool
    age: float
    skin: Colour
    flush: float
    freckles: float
    beard: str
    glasses: bool
    cloth: Colour
    collar: int
    head: Head
    hair: Hair
    brows: Brows
    eyes: Eyes
    nose: Nose
    mouth: Mouth


def sample_person(seed: int, number: int) -> Person:
    """Person `number` of the set drawn from `seed`."""
    rng = stream(seed, PERSON, number)
    masculine = (number + chance(stream(seed, PERSON), 0.5)) % 2 == 0
    age = float(rng.random()) ** 1.4
    tone = pick(rng, len(SKINS))
    skin = scaled(mix(SKINS[tone], SKINS[min(tone + 1, len(SKINS) - 1)], float(rng.random())), bell(rng, 1.0, 0.03))
    hair = Hair.sample(rng, masculine, age, tone)
    return Person(
        masculine=masculine,
        age=age,
        skin=skin,
        flush=between(rng, 0.2, 1.0),
        freckles=between(rng, 0.4, 1.0) if tone < 4 and chance(rng, 0.25) else 0.0,
        beard=_beard(rng, masculine, age),
        glasses=chance(rng, 0.07 + 0.17 * age),
        cloth=CLOTHES[pick(rng, len(CLOTHES))],
        collar=pick(rng, 3),
        head=Head.sample(rng, masculine),
        hair=hair,
        brows=Brows.sample(rng, masculine, hair.colour),
        eyes=Eyes.sample(rng, masculine, tone),
        nose=Nose.sample(rng, masculine),
        mouth=Mouth.sample(rng, masculine, skin, tone),
    )


def _beard(rng: Rng, masculine: bool, age: float) -> str:
    if not masculine or chance(rng, 0.6):
        return "none"
    kinds = ("stubble", "stubble", "moustache", "goatee", "full") if age > 0.15 else ("none", "stubble")
    return kinds[pick(rng, len(kinds))]
