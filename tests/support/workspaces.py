"""HistFactory models for tests: every kind of modifier, shared in every way that HistFactory allows."""

import numpy as np


def norm(name, high, low):
    return {"name": name, "type": "normsys", "data": {"hi": high, "lo": low}}


def shape(name, nominal, rng, size=0.1):
    up, down = (np.array(nominal) * (1 + size * rng.uniform(-1, 1, len(nominal))) for _ in range(2))
    return {"name": name, "type": "histosys", "data": {"hi_data": up.tolist(), "lo_data": down.tolist()}}


def plain(name, kind):
    return {"name": name, "type": kind, "data": None}


def errors(name, kind, nominal, relative):
    return {"name": name, "type": kind, "data": (relative * np.array(nominal)).tolist()}


LUMI = {"name": "lumi", "auxdata": [1.0], "sigmas": [0.02], "bounds": [[0.9, 1.1]], "inits": [1.0]}


def everything(seed=0):
    """Two channels of 3 and 4 bins, three samples, all modifiers, some of them shared by channels and samples."""
    rng = np.random.default_rng(seed)
    channels = []
    for channel, bins in (("signal region", 3), ("control region", 4)):
        signal, top, fakes = (rng.uniform(5, 80, bins).tolist() for _ in range(3))
        stat = f"staterror_{channel}"
        samples = [
            {
                "name": "signal",
                "data": signal,
                "modifiers": [plain("mu", "normfactor"), plain("lumi", "lumi"), norm("jes", 1.1, 0.95),
                              shape("jes", signal, rng), errors(stat, "staterror", signal, 0.1)],
            },
            {
                "name": "top",
                "data": top,
                "modifiers": [plain("lumi", "lumi"), norm("jes", 1.02, 0.9), norm("xsec", 1.2, 0.85),
                              shape("btag", top, rng), errors(stat, "staterror", top, 0.05)],
            },
            {
                "name": "fakes",
                "data": fakes,
                "modifiers": [shape("btag", fakes, rng, 0.3), errors(f"fakes_{channel}", "shapesys", fakes, 0.2),
                              plain("k", "normfactor")],
            },
        ]  # fmt: skip
        if channel == "control region":
            samples[1]["modifiers"].append(plain("free", "shapefactor"))
        channels.append({"name": channel, "samples": samples})
    return {"channels": channels, "parameters": [LUMI]}


def holes():
    """Empty bins, bins without errors, a sample in one channel only, configured and fixed parameters."""
    first, second = [10.0, 0.0, 5.0], [0.0, 0.0, 7.0]
    samples = [
        {"name": "a", "data": first, "modifiers": [errors("stat", "staterror", first, 0.3), norm("n", 1.3, 0.8)]},
        {"name": "b", "data": second, "modifiers": [errors("stat", "staterror", second, 0.3),
                                                  errors("own", "shapesys", second, 0.5)]},
    ]  # fmt: skip
    other = [
        {
            "name": "c",
            "data": [4.0],
            "modifiers": [plain("lumi", "lumi"), norm("n", 0.9, 1.2), plain("f", "normfactor")],
        }
    ]
    configured = [
        LUMI,
        {"name": "n", "inits": [0.5], "bounds": [[-3.0, 3.0]], "auxdata": [0.2]},
        {"name": "f", "fixed": True, "inits": [2.0]},
    ]
    return {
        "channels": [{"name": "z", "samples": samples}, {"name": "y", "samples": other}],
        "parameters": configured,
    }


def shared_bins():
    """A staterror and a shapefactor that act in two channels."""
    data = {"p": [20.0, 30.0], "q": [15.0, 25.0]}
    channels = [
        {
            "name": name,
            "samples": [
                {
                    "name": "s",
                    "data": rates,
                    "modifiers": [
                        errors("stat", "staterror", rates, 0.1),
                        plain("free", "shapefactor"),
                        plain("mu", "normfactor"),
                    ],
                }
            ],
        }
        for name, rates in data.items()
    ]
    return {"channels": channels, "parameters": []}


def counting(signal=10.0, background=50.0, relative=0.1):
    """One bin, one uncertainty of the background, interpolated linearly: small enough for quadrature."""
    rates = [background]
    up, down = background * (1 + relative), background * (1 - relative)
    modifier = {"name": "b", "type": "histosys", "data": {"hi_data": [up], "lo_data": [down]}}
    return {
        "channels": [
            {
                "name": "c",
                "samples": [
                    {"name": "background", "data": rates, "modifiers": [modifier]},
                    {"name": "signal", "data": [signal], "modifiers": [plain("mu", "normfactor")]},
                ],
            }
        ],
        "parameters": [],
    }


def ten_nuisances(theta, norms=0.01, shapes=0.02, scale=1.0, bins=20):
    """A slope in θ on a falling background with five normsys and five histosys."""
    x = (np.arange(bins) + 0.5) / bins
    signal, background = scale * 50 * (1 + 0.6 * theta * (x - 0.5)), scale * 30 * np.exp(-2 * x)

    def modifiers(nominal, numbers):
        tilt = [shapes * np.cos(np.pi * (i + 1) * x) for i in numbers]
        return [
            *(norm(f"n{i}", 1 + norms * (i + 1), 1 - norms * (i + 1)) for i in numbers),
            *(
                {
                    "name": f"h{i}",
                    "type": "histosys",
                    "data": {"hi_data": (nominal * (1 + t)).tolist(), "lo_data": (nominal * (1 - t)).tolist()},
                }
                for i, t in zip(numbers, tilt, strict=True)
            ),
        ]

    samples = [
        {"name": "background", "data": background.tolist(), "modifiers": modifiers(background, (2, 3, 4))},
        {"name": "signal", "data": signal.tolist(), "modifiers": modifiers(signal, (0, 1))},
    ]
    return {"channels": [{"name": "c", "samples": samples}], "parameters": []}
