//! The table that is imported: the same bytes every time, and nothing of it in the repository.

use crate::process::say;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const CITIES: [&str; 12] = [
    "Amsterdam",
    "Bergen",
    "Córdoba",
    "Dakar",
    "Edinburgh",
    "Fukuoka",
    "Göteborg",
    "Hanoi",
    "Izmir",
    "Jaipur",
    "Kraków",
    "Lima",
];
const KINDS: [&str; 8] = ["bolt", "clamp", "gasket", "hinge", "latch", "pulley", "spring", "valve"];

/// The CSV file of so many products (id, name, city, price, quantity), written if it is not there.
pub fn products(folder: &Path, rows: u32) -> Result<PathBuf> {
    let file = folder.join(format!("products-{rows}.csv"));
    if file.exists() {
        return Ok(file);
    }
    say(&format!("writing {}", file.display()));
    fs::create_dir_all(folder)?;
    let fresh = file.with_extension("new");
    let mut out = BufWriter::new(File::create(&fresh)?);
    write_products(&mut out, rows)?;
    out.flush()?;
    fs::rename(&fresh, &file).with_context(|| format!("could not write {}", file.display()))?;
    Ok(file)
}

fn write_products(out: &mut impl Write, rows: u32) -> Result<()> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    writeln!(out, "id,name,city,price,quantity")?;
    for id in 1..=rows {
        let kind = KINDS[random.below(KINDS.len() as u64) as usize];
        let city = CITIES[random.below(CITIES.len() as u64) as usize];
        let (size, cents) = (random.below(1_000), random.below(1_000_000));
        writeln!(
            out,
            "{id},{kind} {size:03}-{:04x},{city},{}.{:02},{}",
            random.below(0x1_0000),
            cents / 100,
            cents % 100,
            random.below(10_000),
        )?;
    }
    Ok(())
}

/// Marsaglia's xorshift64*: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_same_every_time() {
        let write = || {
            let mut out = Vec::new();
            write_products(&mut out, 1_000).expect("writing to memory succeeds");
            out
        };
        assert_eq!(write(), write());
        let text = String::from_utf8(write()).expect("it is UTF-8");
        assert_eq!(text.lines().count(), 1_001);
        assert!(text.lines().all(|line| line.split(',').count() == 5));
    }
}
