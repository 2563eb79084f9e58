import numpy as np
import pytest

from lutrace.core import UnusableInputError
from lutrace.stats import compute_agreement


def spread(table):
    """The two lists of classes that give this confusion matrix."""
    pairs = [(i, j) for i, line in enumerate(table) for j, cell in enumerate(line) for _ in range(cell)]
    return [i for i, _ in pairs], [j for _, j in pairs]


def test_kappa_of_a_two_by_two_table_is_the_one_by_hand():
    # Agreement 35/50 = 0.7, by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5: kappa 0.4.
    first, second = spread([[20, 5], [10, 15]])
    found = compute_agreement(first, second, classes=[0, 1])
    assert found.kappa == pytest.approx(0.4)
    assert found.agreement.estimate == 0.7
    assert found.matrix == ((20, 5), (10, 15))


def test_its_standard_error_is_that_of_fleiss_cohen_and_everitt():
    table = np.array([[20, 5], [10, 15]]) / 50
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    chance, kappa = rows @ columns, 0.4
    a = sum(table[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(2))
    b = (1 - kappa) ** 2 * sum(table[i, j] * (columns[i] + rows[j]) ** 2 for i in range(2) for j in range(2) if i != j)
    variance = (a + b - (kappa - chance * (1 - kappa)) ** 2) / (50 * (1 - chance) ** 2)
    first, second = spread([[20, 5], [10, 15]])
    found = compute_agreement(first, second, classes=[0, 1])
    assert found.se == pytest.approx(np.sqrt(variance))
    assert found.low == pytest.approx(0.4 - 1.959964 * np.sqrt(variance), abs=1e-6)


def test_a_class_that_nobody_has_stays_in_the_matrix_and_out_of_kappa():
    first, second = spread([[20, 5], [10, 15]])
    found = compute_agreement(first, second, classes=[0, 1, 2])
    assert found.matrix == ((20, 5, 0), (10, 15, 0), (0, 0, 0))
    assert found.kappa == pytest.approx(0.4)


def test_with_one_class_only_there_is_agreement_and_no_kappa():
    found = compute_agreement(["a"] * 4, ["a"] * 4, classes=["a", "b"])
    assert found.agreement.estimate == 1
    assert (found.kappa, found.se, found.low, found.high) == (None, None, None, None)


@pytest.mark.parametrize(("table", "kappa"), [([[3, 0], [0, 4]], 1.0), ([[0, 3], [0, 1]], 0.0)])
def test_without_spread_kappa_has_no_interval(table, kappa):
    found = compute_agreement(*spread(table), classes=[0, 1])
    assert found.kappa == pytest.approx(kappa)
    assert (found.se, found.low, found.high) == (None, None, None)


def test_an_unlisted_class_and_unequal_lengths_are_refused():
    with pytest.raises(UnusableInputError, match="it lacks c"):
        compute_agreement(["a", "c"], ["a", "b"], classes=["a", "b"])
    with pytest.raises(UnusableInputError, match="got 1 and 2"):
        compute_agreement(["a"], ["a", "b"], classes=["a", "b"])
