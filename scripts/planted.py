"""Makes mistakes in a copy of the crate, one after the other; the model that is there for it must fail.

Started by `loom --planted`. What is replaced must be there exactly once: a mistake that cannot be made proves nothing.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from checks import run_checks

LIMIT = 1200  # seconds

# The model, the file, what stands there, and the mistake.
MISTAKES = (
    (
        "a_scrape_sees_one_state_that_somebody_recorded_and_no_writer_loses", "src/series.rs",
        """        let change = |bits| {
            let changed = change(Word::from_bits(bits)).map(Word::bits);
            changed.filter(|changed| *changed != bits)
        };
        // Relaxed: as in `word`. An error is the None of `change`.
        let _ = self
            .state
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
""",
        """        if let Some(word) = change(self.word()) {
            self.state.store(word.bits(), Ordering::Relaxed);
        }
""",
    ),
    (
        "an_object_that_comes_back_is_never_seen_in_between", "src/families/recording.rs",
        "            series.change(|word| set(turn.apply(word)));\n",
        "            series.change(|word| Some(turn.apply(word)));\n            series.change(set);\n",
    ),
    (
        "a_histogram_is_of_one_moment", "src/series.rs",
        "        let mut rest = self.rest.lock();\n        rest.sum += seconds;\n",
        "        self.rest.lock().sum += seconds;\n        let mut rest = self.rest.lock();\n",
    ),
    (
        "a_late_end_resurrects_nothing_that_expires", "src/attempt.rs",
        "        life.change(|word| Some(word.with_outcome(ready)));\n",
        """        let call = crate::membership::Call { key: life.record().key(), revives: false, creates: true };
        self.recorder.call(call, |record, _| record.change(|word| Some(word.with_outcome(ready))));
""",
    ),
    (
        "a_late_end_has_no_say_after_a_revival", "src/status/word.rs",
        "!self.is_deleted() && !self.is_gone() && self.epoch() == epoch", "!self.is_deleted() && !self.is_gone() && epoch == epoch",
    ),
    (
        "a_late_end_has_no_say_where_an_object_comes_back_as_it_expires", "src/store.rs",
        """            series.change(|word| Some(word.gone()));
            self.tombstones.lock().remove(series);
            *series = Arc::new(ObjectSeries::new(series.key(), self.buckets, self.round()));
""",
        """            self.tombstones.lock().remove(series);
            series.change(|_| Some(crate::status::Word::default()));
""",
    ),
    (
        "a_late_end_leaves_a_deleted_object_deleted", "src/series.rs",
        "word.is_life(epoch).then(|| change(word)).flatten()", "(word.epoch() == epoch).then(|| change(word.undeleted())).flatten()",
    ),
    # Whether the source is live is read outside of the shard's lock.
    (
        "an_attempt_that_starts_while_its_source_ends_leaves_nothing", "src/membership.rs",
        "        let admitted = |_: Option<&ObjectSeries>| source.is_live();\n",
        "        let live = source.is_live();\n        let admitted = |_: Option<&ObjectSeries>| live;\n",
    ),
    # The uid changes under the read lock.
    (
        "an_attempt_on_the_next_object_keeps_its_outcome_while_a_sync_sees_that_object", "src/store/sighting.rs",
        """            if record.word().is_deleted() || (is_owner && origin.uid.is_other(own.uid)) {
                // A life changes.
                return Ok(None);
            }
""",
        """            if record.word().is_deleted() {
                return Ok(None);
            }
            if is_owner && origin.uid.is_other(own.uid) {
                return Ok(Some(write(record, take(record, own))));
            }
""",
    ),
)

TEST = ("cargo", "test", "-p", "gotk-metrics", "--no-default-features", "--lib")


def plant(root, name, old, new):
    file = root / name
    text = file.read_text()
    if text.count(old) != 1:
        return False
    file.write_text(text.replace(old, new))
    return True


def run(checks, stack):
    root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="planted-")))
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], check=True, stdout=subprocess.PIPE)
    for name in filter(None, files.stdout.decode().split("\0")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        # Without its time: what was built of a mistake is newer than any file of ours.
        shutil.copy(name, root / name)
    done = subprocess.run([*TEST, "models"], cwd=root, capture_output=True, text=True, timeout=LIMIT)
    checks.that("all models hold without a mistake", done.returncode == 0, done.stdout[-1500:])
    for model, name, old, new in MISTAKES:
        kept = (root / name).read_text()
        checks.that(f"{name} has the place of the mistake for {model}", plant(root, name, old, new))
        done = subprocess.run([*TEST, f"models::{model}"], cwd=root, capture_output=True, text=True, timeout=LIMIT)
        # Built, ran, and the model alone failed; anything else is no finding.
        found = done.returncode != 0 and re.search(rf"^test \S*{model} \.\.\. FAILED$", done.stdout, re.MULTILINE)
        checks.that(f"{model} finds it", found, done.stdout[-1500:] + done.stderr[-1500:])
        (root / name).write_text(kept)


if __name__ == "__main__":
    sys.exit(run_checks(run, LIMIT))
