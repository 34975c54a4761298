"""Write the golden images anew: `python -m tests.golden.update [NAME ...]`, all of them or some.

Look at each picture that changed before you keep it: that is what the images are for.
"""

import argparse

from tests.golden.pictures import IMAGES, drawn, golden, subjects


def main() -> None:
    """Write them, and say which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = subjects()
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    names = parser.parse_args().names or list(known)
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"no subject is called {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names:
        IMAGES.mkdir(exist_ok=True)
        for file in golden(name):
            file.unlink()
        for number, page in enumerate(drawn(known[name]), start=1):
            file = IMAGES / f"{name}-{number}.png"
            page.save(file, optimize=True)
            print(file)  # noqa: T201 - a command-line program prints


if __name__ == "__main__":
    main()
