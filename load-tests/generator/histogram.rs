//! How long answers took: counts in buckets that widen with the time, each less than 1 % wide.

/// Buckets of a power of two: 128 of them are 0.8 % wide at most.
const FINE: u64 = 128;
const FINE_BITS: u32 = FINE.trailing_zeros();

/// Times in nanoseconds.
pub struct Histogram {
    counts: Vec<u32>,
    total: u64,
    longest: u64,
}

impl Histogram {
    pub fn new() -> Histogram {
        Histogram { counts: vec![0; bucket(u64::MAX) + 1], total: 0, longest: 0 }
    }

    pub fn add(&mut self, nanos: u64) {
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
        self.longest = self.longest.max(nanos);
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn longest(&self) -> u64 {
        self.longest
    }

    /// The time that `share` of all answers did not exceed; the middle of its bucket.
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut passed = 0;
        for (index, count) in self.counts.iter().enumerate() {
            passed += u64::from(*count);
            if passed >= wanted {
                return middle(index).min(self.longest);
            }
        }
        self.longest
    }

    /// Both together.
    pub fn with(&self, other: &Histogram) -> Histogram {
        Histogram {
            counts: self.counts.iter().zip(&other.counts).map(|(a, b)| a + b).collect(),
            total: self.total + other.total,
            longest: self.longest.max(other.longest),
        }
    }
}

fn bucket(nanos: u64) -> usize {
    if nanos < FINE {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - FINE_BITS;
    // What is left of the number after the shift has its highest bit at FINE: the buckets follow one another.
    (u64::from(shift) * FINE + (nanos >> shift)) as usize
}

fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * FINE {
        return bucket;
    }
    let shift = bucket / FINE - 1;
    ((bucket - shift * FINE) << shift) + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_less_than_a_hundredth_wide() {
        for nanos in (0..63).flat_map(|power| [(1u64 << power) - 1, 1 << power, (1 << power) + (1 << power) / 3]) {
            let shown = middle(bucket(nanos));
            assert!(shown.abs_diff(nanos) * 100 <= nanos, "{nanos} is shown as {shown}");
        }
    }

    #[test]
    fn quantiles_of_a_known_row() {
        let mut row = Histogram::new();
        (1..=1000).for_each(|micros| row.add(micros * 1000));
        for (share, micros) in [(0.5, 500u64), (0.99, 990), (0.999, 999)] {
            assert!(row.quantile(share).abs_diff(micros * 1000) <= micros * 10, "{share}: {}", row.quantile(share));
        }
        assert_eq!((row.total(), row.longest()), (1000, 1_000_000));
    }
}
