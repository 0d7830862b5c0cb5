//! Medians, and how sure they are.

use crate::Outcome;
use std::time::Instant;

/// The middle value. Of an even number of values, the higher of the middle two.
///
/// # Panics
/// If there is none.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The values between which the median of the population lies with a probability of 95 %, by the order of the sample:
/// how many of the values lie below that median is a toss of a coin for each.
///
/// # Panics
/// If there is no value.
pub fn median_interval(values: &mut [f64]) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let half = 0.98 * count.sqrt();
    let low = (count / 2.0 - half).floor().max(0.0) as usize;
    let high = ((count / 2.0 + half).ceil() as usize).min(values.len() - 1);
    (values[low], values[high])
}

/// Two things that were measured in turns.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// The median of the first.
    pub first: f64,
    /// The median of the second.
    pub second: f64,
    /// The median of the ratios of each pair, first to second.
    pub ratio: f64,
    /// Where the median ratio lies with a probability of 95 %.
    pub interval: (f64, f64),
}

/// Measures two things in turns, `pairs` times each. Which of them goes first alternates, so that neither gains from what
/// the other leaves behind. One pair before that is not counted.
///
/// # Panics
/// If `pairs` is 0.
pub fn compare(
    pairs: usize,
    first: &mut dyn FnMut() -> Outcome<f64>,
    second: &mut dyn FnMut() -> Outcome<f64>,
) -> Outcome<Comparison> {
    let (mut firsts, mut seconds, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..=pairs {
        let (one, two) = if pair % 2 == 0 {
            let one = first()?;
            (one, second()?)
        } else {
            let two = second()?;
            (first()?, two)
        };
        if pair > 0 {
            firsts.push(one);
            seconds.push(two);
            ratios.push(one / two);
        }
    }
    Ok(Comparison {
        first: median(&mut firsts),
        second: median(&mut seconds),
        ratio: median(&mut ratios),
        interval: median_interval(&mut ratios),
    })
}

/// The median latency of `calls` calls, one after the other, in microseconds.
pub fn median_latency(calls: usize, call: &mut dyn FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut spans = Vec::with_capacity(calls);
    for _ in 0..calls {
        let begun = Instant::now();
        call()?;
        spans.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(&mut spans))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_its_interval() {
        let mut values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(median(&mut values), 50.0);
        assert_eq!(median_interval(&mut values), (40.0, 60.0));
    }

    #[test]
    fn a_comparison_is_of_pairs() {
        let (mut one, mut two) = ((1..).map(f64::from), (1..).map(|n| f64::from(2 * n)));
        let compared = compare(
            31,
            &mut || one.next().ok_or_else(|| "over".into()),
            &mut || two.next().ok_or_else(|| "over".into()),
        )
        .expect("nothing fails");
        assert_eq!((compared.first, compared.second), (17.0, 34.0));
        assert_eq!((compared.ratio, compared.interval), (0.5, (0.5, 0.5)));
    }
}
