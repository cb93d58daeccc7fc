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

/// How many airports the first release has.
const AIRPORTS: usize = 28_000;
const COUNTRIES: [&str; 8] = ["BR", "CA", "DE", "FR", "JP", "NO", "US", "ZA"];
const SORTS: [&str; 4] = ["small_airport", "heliport", "medium_airport", "closed"];

/// A table like those that are published anew from time to time: many columns, few of them changing.
pub struct Airports {
    random: Random,
    next_id: u64,
    rows: Vec<[String; 12]>,
}

impl Airports {
    /// The first release.
    pub fn first() -> Self {
        let mut airports = Self { random: Random(0x2545_f491_4f6c_dd1d), next_id: 1, rows: Vec::new() };
        (0..AIRPORTS).for_each(|_| airports.add());
        airports
    }

    /// The next one: some hundred to some thousand rows change a cell, a few come and go.
    pub fn change(&mut self) {
        let changes = 300 + self.random.below(2_700);
        for _ in 0..changes {
            let row = self.random.below(self.rows.len() as u64) as usize;
            let (column, value) = match self.random.below(4) {
                0 => (2, SORTS[self.random.below(4) as usize].to_owned()),
                1 => (6, self.random.below(9_000).to_string()),
                2 => (9, if self.random.below(2) == 0 { "yes" } else { "no" }.to_owned()),
                _ => (11, format!("formerly {:x}", self.random.below(1 << 40))),
            };
            self.rows[row][column] = value;
        }
        for _ in 0..20 {
            let row = self.random.below(self.rows.len() as u64) as usize;
            self.rows.remove(row);
            self.add();
        }
    }

    /// The file of the release, about 3 MB.
    pub fn csv(&self) -> String {
        let mut text =
            String::from("id,ident,type,name,latitude,longitude,elevation,country,town,scheduled,home_page,keywords\n");
        for row in &self.rows {
            text.push_str(&row.join(","));
            text.push('\n');
        }
        text
    }

    fn add(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        let random = &mut self.random;
        let country = COUNTRIES[random.below(8) as usize];
        let town = format!("{} {}", CITIES[random.below(12) as usize], random.below(3_000));
        let degrees = |random: &mut Random, most: u64| {
            format!("{}.{:06}", random.below(most * 2) as i64 - most as i64, random.below(1_000_000))
        };
        self.rows.push([
            id.to_string(),
            format!("{country}-{:04}", id % 10_000),
            SORTS[random.below(4) as usize].to_owned(),
            format!("{town} Airfield"),
            degrees(random, 89),
            degrees(random, 179),
            random.below(9_000).to_string(),
            country.to_owned(),
            town,
            if random.below(8) == 0 { "yes" } else { "no" }.to_owned(),
            if random.below(4) == 0 { format!("https://airports.example/{id}") } else { String::new() },
            if random.below(6) == 0 { format!("code {:x}", random.below(1 << 24)) } else { String::new() },
        ]);
    }
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
