//! Makes the data set: rows by formula, loaded with COPY by the owner.

mod claims;
mod events;
pub(crate) mod files;
mod practices;
mod sessions;

use std::path::PathBuf;

use chrono::{Days, NaiveDate};
use clap::Args;

use crate::Result;
use crate::cluster::{Cluster, State};
use crate::output::progress;
use crate::plan::Plan;

pub(crate) use sessions::top_up;

/// Which data set, and where it is.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Size of the data set: 1 is all of it
    #[arg(long, default_value = "0.1", value_parser = crate::plan::parse_scale)]
    pub(crate) scale: u32,
    /// The cluster, kept between runs
    #[arg(long, default_value = "target/bench/cluster")]
    pub(crate) dir: PathBuf,
    /// Makes the data anew
    #[arg(long)]
    fresh: bool,
}

/// Starts the cluster, with what an earlier run left there or with new data.
pub(crate) fn ready(set: &Set, plan: Plan) -> Result<(Cluster, State)> {
    let (cluster, state) = Cluster::start(&set.dir, set.scale, set.fresh)?;
    let state = match state.filter(|state| state.scheduled < plan.sessions_max()) {
        Some(state) => state,
        None => load(&cluster, plan, set.scale)?,
    };
    Ok((cluster, state))
}

/// Makes all of it on an empty database.
fn load(cluster: &Cluster, plan: Plan, scale: u32) -> Result<State> {
    let day = kernel::Clock::system().now().date_naive();
    let mut state = State::new(scale, day);
    practices::load(cluster, plan, day)?;
    sessions::load_past(cluster, plan, day)?;
    top_up(cluster, plan, &mut state, plan.scheduled())?;
    claims::load(cluster, plan, day)?;
    events::load(cluster, plan, day)?;
    progress("VACUUM ANALYZE");
    cluster.admin("VACUUM (ANALYZE)")?;
    cluster.admin("CHECKPOINT")?;
    cluster.keep(&state)?;
    Ok(state)
}

/// Writes one row in the text form of COPY. Nothing here holds a tab, a newline or a backslash but `\N` and `\x`.
macro_rules! row {
    ($out:expr, $($value:expr),+ $(,)?) => {{
        let mut separator = "";
        $(
            write!($out, "{separator}{}", $value)?;
            separator = "\t";
        )+
        let _last = separator;
        writeln!($out)
    }};
}
use row;

/// SQL's NULL in the text form of COPY.
const NULL: &str = "\\N";

/// A day so many days before.
fn before(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_sub_days(Days::new(days.into())).unwrap_or(day)
}

/// A ten-digit provider number with its check digit: Luhn over 80840 and the number.
fn npi(n: u32) -> String {
    let base = format!("1{n:08}");
    let doubled = |d: u32| if d > 4 { d * 2 - 9 } else { d * 2 };
    // 24 is what the prefix 80840 adds
    let sum = base.bytes().rev().zip(0_u32..).fold(24, |sum, (byte, at)| {
        let digit = u32::from(byte - b'0');
        sum + if at.is_multiple_of(2) { doubled(digit) } else { digit }
    });
    format!("{base}{}", (10 - sum % 10) % 10)
}

/// The payers of the data set; a patient's follows from its number.
const PAYERS: [&str; 5] = ["99901", "99902", "99903", "99904", "99905"];

const fn payer(patient: u32) -> &'static str {
    match patient % 5 {
        0 => PAYERS[0],
        1 => PAYERS[1],
        2 => PAYERS[2],
        3 => PAYERS[3],
        _ => PAYERS[4],
    }
}

#[cfg(test)]
mod tests {
    use super::npi;

    #[test]
    fn provider_numbers_have_their_check_digit() {
        assert_eq!(npi(23_456_789), "1234567893");
    }
}
