//! Medians, and how sure they are.

/// The middle value. Of an even number of values, the higher of the middle two.
///
/// # Panics
/// If there is none.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The values between which the median of the population lies with a probability of 95 %, by the order of the sample.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_its_interval() {
        let mut values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(median(&mut values), 50.0);
        assert_eq!(median_interval(&mut values), (40.0, 60.0));
    }
}
