//! Practices, who works in them, their patients with coverages, and the payers.

use std::io::Write;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::{NULL, PAYERS, before, npi, payer, row};
use crate::Result;
use crate::cluster::Cluster;
use crate::plan::{self, Kind, PRACTICES, Plan, Series, id, key_id, practice_id, secret_hash};

pub(super) fn load(cluster: &Cluster, plan: Plan, day: NaiveDate) -> Result<()> {
    let listed: Vec<_> = PAYERS
        .iter()
        .map(|id| format!(r#"{{"payer_id":"{id}","name":"PLAN {id}","filing_indicator":"CI","valid_from":"2020-01-01","timely_filing_days":730}}"#))
        .collect();
    cluster.sql(
        "claims_migrator",
        "claims",
        &format!("SET ROLE claims_owner; SELECT claims.payers_load('[{}]')", listed.join(",")),
    )?;
    let address = "id, name, npi, tax_id, taxonomy, phone, contact_name, address_line1, city, state, zip_code";
    cluster.copy(&format!("tenancy.practices ({address})"), |out| {
        (1..=PRACTICES).try_for_each(|p| {
            row!(
                out,
                practice_id(p),
                format_args!("Practice {p}"),
                npi(90_000_000 + p),
                format_args!("{:09}", 120_000_000 + p),
                "261QM0801X",
                "2125550100",
                "Front Office",
                format_args!("{p} Main St"),
                "New York",
                "NY",
                "100010001"
            )
        })
    })?;
    people(cluster)?;
    therapists(cluster, plan, day)?;
    patients(cluster, plan)
}

/// One person with a credential in each practice, and the adapter that follows the feed of the first.
fn people(cluster: &Cluster) -> Result<()> {
    let user = |p| id(Kind::User, p, Series::First, 0);
    let trained = "2026-01-01 00:00:00+00";
    let columns = "id, email, password_hash, first_name, last_name, role, active_practice_id, is_verified, phi_training_completed, phi_training_completed_at";
    cluster.copy(&format!("tenancy.users ({columns})"), |out| {
        (1..=PRACTICES).try_for_each(|p| {
            row!(
                out,
                user(p),
                format_args!("admin{p}@example.org"),
                "-",
                "Alex",
                "Kim",
                "admin",
                practice_id(p),
                "t",
                "t",
                trained
            )
        })
    })?;
    cluster.copy("tenancy.memberships (practice_id, user_id, role, is_owner)", |out| {
        (1..=PRACTICES).try_for_each(|p| row!(out, practice_id(p), user(p), "admin", "t"))
    })?;
    let account = id(Kind::Account, 0, Series::First, 0);
    cluster.copy("tenancy.service_accounts (id, name)", |out| row!(out, account, "adapter"))?;
    cluster.copy("tenancy.service_grants (practice_id, account_id, scopes, valid_from)", |out| {
        row!(out, practice_id(1), account, "{claims:stream}", trained)
    })?;
    let (end, today) = ("2099-01-01 00:00:00+00", kernel::Clock::system().now().date_naive());
    cluster.copy(
        "tenancy.tokens (key_id, secret_hash, kind, user_id, account_id, expires_at, idle_expires_at, last_used_on)",
        |out| {
            let hash = |key: &str| format!("\\\\x{}", secret_hash(key));
            (1..=PRACTICES)
                .try_for_each(|p| row!(out, key_id(p), hash(&key_id(p)), "session", user(p), NULL, end, end, today))?;
            let key = plan::feed_key_id();
            row!(out, key, hash(key), "service", NULL, account, end, NULL, today)
        },
    )
}

fn therapists(cluster: &Cluster, plan: Plan, day: NaiveDate) -> Result<()> {
    let all = || (1..=PRACTICES).flat_map(move |p| (0..plan.therapists_of(p)).map(move |n| (p, n)));
    let therapist = |p, n| id(Kind::Therapist, p, Series::First, n);
    let columns = "practice_id, id, first_name, last_name, npi, taxonomy, license_number, license_state, employed_from";
    cluster.copy(&format!("clinical.therapists ({columns})"), |out| {
        all().try_for_each(|(p, n)| {
            row!(
                out,
                practice_id(p),
                therapist(p, n),
                "Robin",
                format_args!("Therapist {n}"),
                npi(p * 1000 + n),
                "103TC0700X",
                format_args!("PSY{n:05}"),
                "NY",
                before(day, 3000)
            )
        })
    })?;
    cluster.copy("clinical.network_statuses (practice_id, id, therapist_id, payer_id, status, effective_from)", |out| {
        all().try_for_each(|(p, n)| {
            PAYERS.iter().zip(0..).try_for_each(|(payer, at)| {
                row!(
                    out,
                    practice_id(p),
                    id(Kind::Network, p, Series::First, n * 5 + at),
                    therapist(p, n),
                    payer,
                    "in_network",
                    before(day, 3000)
                )
            })
        })
    })
}

fn patients(cluster: &Cluster, plan: Plan) -> Result<()> {
    let all = || (1..=PRACTICES).flat_map(move |p| (0..plan.patients_of(p)).map(move |n| (p, n)));
    let patient = |p, n| id(Kind::Patient, p, Series::First, n);
    let columns = "practice_id, id, therapist_id, first_name, last_name, date_of_birth, sex, member_id, phone, address_line1, city, state, zip_code";
    cluster.copy(&format!("clinical.patients ({columns})"), |out| {
        all().try_for_each(|(p, n)| {
            let therapist = id(Kind::Therapist, p, Series::First, n % plan.therapists_of(p));
            let sex = if n.is_multiple_of(2) { "female" } else { "male" };
            row!(
                out,
                practice_id(p),
                patient(p, n),
                therapist,
                "Sam",
                name(p, n),
                format_args!("19{:02}-{:02}-{:02}", 40 + n % 60, 1 + n % 12, 1 + n % 28),
                sex,
                format_args!("M{p:03}{n:06}"),
                "2125550199",
                format_args!("{n} Elm St"),
                "New York",
                "NY",
                "10001"
            )
        })
    })?;
    let columns = "practice_id, id, patient_id, payer_id, member_id, group_number, effective_from";
    cluster.copy(&format!("clinical.coverages ({columns})"), |out| {
        all().try_for_each(|(p, n)| {
            row!(
                out,
                practice_id(p),
                id(Kind::Coverage, p, Series::First, n),
                patient(p, n),
                payer(n),
                format_args!("M{p:03}{n:06}"),
                "G100",
                "2020-01-01"
            )
        })
    })
}

/// A last name of letters: names with digits are found fault with.
fn name(practice: u32, n: u32) -> String {
    let digest = Sha256::digest(format!("{practice} {n}"));
    let letters = digest.iter().take(8).map(|byte| char::from(b'a' + byte % 26));
    std::iter::once('P').chain(letters).collect()
}
