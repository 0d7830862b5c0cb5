//! What differs between two texts, line by line.

use std::fmt::Write;

/// How many lines are shown around a change.
const AROUND: usize = 3;

/// A table of more cells than this costs more than it shows; then all is one change.
const MOST_CELLS: usize = 4 << 20;

/// One line of the comparison: where it is in the old and in the new text, if it is.
type Step = (Option<usize>, Option<usize>);

/// The changes from `old` to `new` in the form of `diff -u`; empty if there is none.
pub(super) fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let (old, new): (Vec<_>, Vec<_>) = (lines(old), lines(new));
    let steps = compare(&old, &new);
    let mut text = format!("--- {name}\n+++ {name} (canonical style)\n");
    for hunk in hunks(&steps) {
        show(&mut text, &steps[hunk], &old, &new);
    }
    text
}

/// The lines with their ends, since a file may lack the last one.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn compare(old: &[&str], new: &[&str]) -> Vec<Step> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let rest = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = rest.take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let same = |at: usize| (Some(at), Some(at));
    let mut steps: Vec<Step> = (0..head).map(same).collect();
    let middle = middle(&old[head..old_end], &new[head..new_end]);
    let shift = |at: Option<usize>| at.map(|at| at + head);
    steps.extend(middle.into_iter().map(|(a, b)| (shift(a), shift(b))));
    steps.extend((0..tail).map(|at| (Some(old_end + at), Some(new_end + at))));
    steps
}

/// The longest common subsequence, by the table of its lengths.
fn middle(old: &[&str], new: &[&str]) -> Vec<Step> {
    let width = new.len() + 1;
    let all = |from: usize, to: usize| {
        let gone = (from..old.len()).map(|at| (Some(at), None));
        gone.chain((to..new.len()).map(|at| (None, Some(at))))
    };
    if (old.len() + 1).saturating_mul(width) > MOST_CELLS {
        return all(0, 0).collect();
    }
    let mut longest = vec![0u32; (old.len() + 1) * width];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            let (down, right) = (longest[(a + 1) * width + b], longest[a * width + b + 1]);
            longest[a * width + b] = match old[a] == new[b] {
                true => longest[(a + 1) * width + b + 1] + 1,
                false => down.max(right),
            };
        }
    }
    let (mut a, mut b, mut steps) = (0, 0, Vec::new());
    while a < old.len() && b < new.len() {
        let skip = longest[(a + 1) * width + b] >= longest[a * width + b + 1];
        if old[a] == new[b] {
            steps.push((Some(a), Some(b)));
            (a, b) = (a + 1, b + 1);
        } else if skip {
            steps.push((Some(a), None));
            a += 1;
        } else {
            steps.push((None, Some(b)));
            b += 1;
        }
    }
    steps.extend(all(a, b));
    steps
}

fn is_same(step: &Step) -> bool {
    step.0.is_some() && step.1.is_some()
}

/// Runs of changes that are near each other, with the lines around them.
fn hunks(steps: &[Step]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in steps.iter().enumerate().filter(|(_, step)| !is_same(step)) {
        let (from, to) = (
            at.saturating_sub(AROUND),
            (at + 1 + AROUND).min(steps.len()),
        );
        match hunks.last_mut() {
            Some(last) if from <= last.end => last.end = to,
            _ => hunks.push(from..to),
        }
    }
    hunks
}

fn show(text: &mut String, steps: &[Step], old: &[&str], new: &[&str]) {
    let count = |side: fn(&Step) -> Option<usize>| {
        let lines: Vec<usize> = steps.iter().filter_map(side).collect();
        (lines.first().map_or(0, |first| first + 1), lines.len())
    };
    let ((a, m), (b, n)) = (count(|step| step.0), count(|step| step.1));
    // Writing to a string cannot fail.
    let _ = writeln!(text, "@@ -{a},{m} +{b},{n} @@");
    for step in steps {
        let (sign, line) = match *step {
            (Some(at), Some(_)) => (' ', old[at]),
            (Some(at), None) => ('-', old[at]),
            (None, Some(at)) => ('+', new[at]),
            (None, None) => continue,
        };
        let missing = "\n\\ No newline at end of file\n";
        let end = if line.ends_with('\n') { "" } else { missing };
        let _ = write!(text, "{sign}{line}{end}");
    }
}
