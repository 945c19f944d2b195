//! The numbers that are called, from the file the servers were started with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::random::Random;

/// All numbers in one piece of memory: there may be a million.
pub struct Numbers {
    text: String,
    ends: Vec<u32>,
}

impl Numbers {
    /// Reads one number a line; empty lines and those that begin with `#` are passed over.
    pub fn read(path: &Path) -> Result<Numbers> {
        let file =
            fs::read_to_string(path).with_context(|| format!("could not read the numbers of {}", path.display()))?;
        let mut numbers = Numbers { text: String::new(), ends: Vec::new() };
        for (index, line) in file.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let digits = line.strip_prefix('+').filter(|digits| (7..=15).contains(&digits.len()));
            if !digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
                bail!("{}:{}: {line:?} is no number: + and 7 to 15 digits", path.display(), index + 1);
            }
            numbers.text.push_str(line);
            numbers.ends.push(u32::try_from(numbers.text.len()).context("the file of numbers is beyond 4 GB")?);
        }
        if numbers.ends.is_empty() {
            bail!("{} holds no number", path.display());
        }
        Ok(numbers)
    }

    pub fn count(&self) -> u32 {
        self.ends.len() as u32
    }

    pub fn get(&self, index: u32) -> &str {
        let index = index as usize;
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.text[begin..self.ends[index] as usize]
    }
}

/// In which order numbers are called.
pub enum Choice {
    /// Any of them at any time, all alike.
    Uniform,
    /// Each once, in an order that jumps about; so many are left.
    EachOnce { next: u64, step: u64, left: u32 },
}

impl Choice {
    /// Each of the first `count` numbers of an order that is always the same.
    pub fn each_once(numbers: &Numbers, count: u32) -> Choice {
        let all = u64::from(numbers.count());
        // A step without a common divisor visits every number before it comes back; this share of the whole jumps well.
        let near = (all as f64 * 0.618_033_988) as u64;
        let step = (near.max(1)..).find(|step| gcd(*step, all) == 1).unwrap_or(1);
        Choice::EachOnce { next: 0, step, left: count.min(numbers.count()) }
    }

    /// The next number to call; none if each has had its turn.
    pub fn next(&mut self, numbers: &Numbers, random: &mut Random) -> Option<u32> {
        match self {
            Choice::Uniform => Some(random.below(numbers.count())),
            Choice::EachOnce { left: 0, .. } => None,
            Choice::EachOnce { next, step, left } => {
                *left -= 1;
                *next = (*next + *step) % u64::from(numbers.count());
                Some(*next as u32)
            }
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_turn_once() {
        for count in [1, 2, 10, 997, 1000] {
            let numbers = Numbers { text: "+9990000".repeat(count), ends: (1..=count as u32).map(|n| n * 8).collect() };
            let mut choice = Choice::each_once(&numbers, u32::MAX);
            let mut random = Random::new(Some(1));
            let mut seen: Vec<u32> = std::iter::from_fn(|| choice.next(&numbers, &mut random)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..count as u32).collect::<Vec<_>>());
        }
    }
}
