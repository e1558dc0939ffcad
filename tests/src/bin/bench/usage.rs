//! CPU time and memory of processes, from the kernel.

use std::{fs, time::Duration};

use ::tests::children_of;

use crate::error::{During, Result};

/// The kernel counts CPU time in hundredths of a second, on every architecture that Linux reports to programs.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of one process with all its threads.
pub(crate) fn cpu(process: u32) -> Result<Duration> {
    Ok(ticks(process)?.own)
}

/// CPU time of a process, of everything it started and of what of that has ended.
pub(crate) fn cpu_of_family(process: u32) -> Result<Duration> {
    let own = ticks(process)?;
    // A child that ends meanwhile is counted with its parent the next time.
    let children = children_of(process).into_iter().filter_map(|child| cpu_of_family(child).ok());
    Ok(own.own + own.ended_children + children.sum::<Duration>())
}

/// Resident memory of one process in megabytes: now, and the most there ever was.
pub(crate) fn memory(process: u32) -> Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).during("reading the memory of Drover")?;
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        kilobytes.map(|it| it / 1024.0).during("the memory of Drover is not known")
    };
    Ok((megabytes("VmRSS:")?, megabytes("VmHWM:")?))
}

/// How busy the machine was in the last minute, also with others' work.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// How many processors this machine has for us.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

struct Ticks {
    own: Duration,
    ended_children: Duration,
}

fn ticks(process: u32) -> Result<Ticks> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).during("reading the CPU time of a process")?;
    parse(&stat).during("the CPU time of a process is not known")
}

/// The numbers after the name, which may hold anything: state, parent, and nine more before those we want.
fn parse(stat: &str) -> Option<Ticks> {
    let (_, numbers) = stat.rsplit_once(')')?;
    let mut numbers = numbers.split_whitespace().skip(11).map_while(|text| text.parse::<u32>().ok());
    let mut two = || Some(TICK * (numbers.next()? + numbers.next()?));
    Some(Ticks { own: two()?, ended_children: two()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_times_are_read_behind_any_name() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 9 8 7 6 30 12 5 1 20 0 1 0 100 0 0";
        let ticks = parse(stat).unwrap();
        assert_eq!(ticks.own, Duration::from_millis(420));
        assert_eq!(ticks.ended_children, Duration::from_millis(60));
    }

    #[test]
    fn this_process_has_a_size() {
        let (now, most) = memory(std::process::id()).unwrap();
        assert!(now > 0.0 && most >= now, "{now} {most}");
    }
}
