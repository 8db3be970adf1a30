//! What a program and everything it started take of the machine.
//!
//! The measure is PSS: memory that several processes share counts for each in equal parts, so that the sum over a family of
//! processes is what would be free without them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A program is idle when its memory has changed by less than this share ...
const STEADY: f64 = 0.01;

/// ... over so many looks in a row.
const LOOKS: usize = 10;

/// How long a program may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(90);

/// The PSS of a family of processes in bytes, once it has come to rest.
pub fn idle(root: u32) -> Result<u64> {
    let started = Instant::now();
    let mut seen: Vec<u64> = Vec::new();
    loop {
        seen.push(family_pss(root)?);
        let last = seen.iter().rev().take(LOOKS).copied().collect::<Vec<_>>();
        if last.len() == LOOKS && is_steady(&last) {
            return Ok(median(last));
        }
        if started.elapsed() > PATIENCE {
            bail!("the memory of process {root} does not come to rest: {last:?}");
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// The middle value.
pub fn median<T: Copy + Ord + Default>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[allow(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^52")]
fn is_steady(values: &[u64]) -> bool {
    let (Some(least), Some(most)) = (values.iter().min(), values.iter().max()) else {
        return false;
    };
    (most - least) as f64 <= *most as f64 * STEADY
}

fn family_pss(root: u32) -> Result<u64> {
    let mut total = pss(root).with_context(|| format!("process {root} is gone"))?;
    for id in descendants(root) {
        // A child may end between the list and the look.
        total += pss(id).unwrap_or(0);
    }
    Ok(total)
}

fn pss(id: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    pss_in(&rollup)
}

fn pss_in(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn descendants(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if let Some(parent) = std::fs::read_to_string(entry.path().join("stat"))
            .ok()
            .and_then(|stat| parent_in(&stat))
        {
            parents.push((id, parent));
        }
    }
    let mut family = vec![root];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    family.split_off(1)
}

/// The fields follow the last `)`, because a program's name may hold anything.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{descendants, family_pss, is_steady, median, parent_in, pss_in};

    #[test]
    fn the_proportional_set_size_is_read_in_bytes() {
        assert_eq!(
            pss_in("Rss:   1000 kB\nPss:                2072 kB\nPss_Dirty: 5 kB\n"),
            Some(2_121_728)
        );
        assert_eq!(pss_in("Rss: 1 kB\n"), None);
    }

    #[test]
    fn a_parent_is_read_behind_a_strange_name() {
        assert_eq!(parent_in("12 (a ) b) S 7 12 12 0"), Some(7));
    }

    #[test]
    fn memory_at_rest_changes_by_less_than_a_hundredth() {
        assert!(is_steady(&[1000, 1005, 999]));
        assert!(!is_steady(&[1000, 1020]));
        assert_eq!(median(vec![3, 1, 2]), 2);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_family_is_larger_than_its_head() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let me = std::process::id();
        let found = descendants(me).contains(&child.id());
        let (family, head) = (family_pss(me).unwrap(), super::pss(me).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found);
        assert!(family > head / 2, "{family} {head}");
    }
}
