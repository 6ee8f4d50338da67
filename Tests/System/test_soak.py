"""Nothing of an agent grows over the hours: neither its memory nor its descriptors, threads, children, files and log."""

from dataclasses import replace
from itertools import islice

from relaylab import soak


def test_nothing_grows_over_an_hour_of_passes_among_mail_and_faults(binary):
    samples = list(islice(soak.rounds(binary), 4))
    shown = "\n".join(map(str, samples))
    # The first has what comes once.
    assert soak.grown(samples[1], samples[-1]) == [], shown
    assert samples[-1].passes > 60, shown
    assert samples[-1].children == 0 and samples[-1].log_lines < 100, shown


def test_what_grows_is_told():
    before = soak.Sample(passes=20, memory=5, descriptors=20, threads=9, children=0, files=22, kilobytes=50, log_lines=40)
    after = soak.Sample(passes=40, memory=6.5, descriptors=22, threads=9, children=1, files=22, kilobytes=60, log_lines=61)
    assert soak.grown(before, after) == ["memory", "descriptors", "children", "log_lines"]
    assert soak.grown(before, replace(before, descriptors=21, memory=5.9)) == []
