"""What the asv suites share: time, peak memory and score of the workloads that `fastml compare` races.

Each runs for fastml and for scikit-learn, so that a change of the machine is told from a change of the code.
"""

import warnings

from fastml._cli.data import load
from fastml._cli.libraries import FASTML, SKLEARN
from fastml._cli.workloads import WORKLOADS

_LIBRARIES = {library.name: library for library in (FASTML, SKLEARN)}
_WORKLOADS = {workload.name: workload for workload in WORKLOADS}


def names(family, *, estimators):
    """Return "name on data" of a family's workloads: its estimators, or its functions."""
    return [
        f"{workload.name} on {data}"
        for workload in WORKLOADS
        for data in workload.data
        if workload.name.startswith(f"{family}.") and bool(workload.method) == estimators
    ]


class Functions:
    """The functions of a family; a subclass sets `params` to `names` and the libraries."""

    param_names = ("workload", "library")
    libraries = tuple(_LIBRARIES)
    timeout = 300

    def setup(self, name, library):
        """Load the data, and fit and ask once, so that nothing is compiled while it is timed."""
        warnings.simplefilter("ignore")
        workload, _, data = name.partition(" on ")
        self.workload, self.library, self.data = _WORKLOADS[workload], _LIBRARIES[library], load(data)
        self.model = self.workload.fit(self.library, self.data)
        self.answer = self._answer()

    def _answer(self):
        return self.workload.answer(self.library, self.data, self.model)

    def time_answer(self, name, library):
        """Seconds of the call, or of asking the fitted estimator."""
        self._answer()

    def peakmem_answer(self, name, library):
        """Peak memory of the process."""
        self._answer()

    def track_score(self, name, library):
        """The score that `fastml compare` prints."""
        theirs = self.workload.answer(SKLEARN, self.data, self.workload.fit(SKLEARN, self.data))
        return self.workload.score.of(self.data, self.model, self.answer, theirs)


class Estimators(Functions):
    """The estimators of a family."""

    def time_fit(self, name, library):
        """Seconds of ``fit``."""
        self.workload.fit(self.library, self.data)

    def peakmem_fit(self, name, library):
        """Peak memory of the process."""
        self.workload.fit(self.library, self.data)
