"""`python -m hardstand.inference`: the same as the command `hardstand`."""

from .cli import main

if __name__ == "__main__":
    main()
