"""`python -m ifssnet` is the command `ifss`."""

from ifssnet.cli.main import main

if __name__ == "__main__":
    main()
