//! `cargo xtask bench`: figures measured on this machine, now. A figure that was not measured is not printed.

mod email;
mod figure;
mod first_day;
mod memory;
mod screen;

use anyhow::{Result, bail};
use clap::ValueEnum;

pub use figure::Figure;

/// A set of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// What a person notices on the first day: how fast Baton starts, and what it takes of the machine.
    FirstDay,
    /// A mailbox taken in for the first time and searched, beside the programs people use for that.
    Email,
}

/// Measures, and fails when a goal is missed.
pub fn run(name: Option<Name>, json: bool) -> Result<()> {
    let names = name.map_or_else(|| Name::value_variants().to_vec(), |name| vec![name]);
    let mut missed = Vec::new();
    for name in names {
        let mut show = |figure: &Figure| -> Result<()> {
            println!("{}", if json { figure.to_json()? } else { figure.to_words() });
            if !figure.ok {
                missed.push(figure.name.clone());
            }
            Ok(())
        };
        match name {
            Name::FirstDay => first_day::measure(&mut show)?,
            Name::Email => email::measure(&mut show)?,
        }
    }
    if !missed.is_empty() {
        bail!("goals missed: {}", missed.join(", "));
    }
    Ok(())
}
