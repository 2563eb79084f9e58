"""A table to fit to, and the command that is run on it."""

import pytest

from lutrace.cli.app import run


@pytest.fixture
def table(tmp_path):
    """A function that writes a table and gives its path."""

    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def lutrace(capsys):
    """A function that runs one command and gives its status, answer and what was said."""

    def call(*arguments):
        status = run([str(one) for one in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call
