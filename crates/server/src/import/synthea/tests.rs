//! Small files with one thing wrong each, and the real folder where it is.

use std::path::PathBuf;

use therapy_claims::common::v1::Sex;

use super::*;

fn table(name: &str, columns: &[&str], rows: &[&str]) -> Table {
    let text = format!("{}\n{}\n", columns.join(","), rows.join("\n"));
    Table::read(Path::new(name), text.as_bytes(), columns).unwrap()
}

fn files() -> Files {
    let [providers, payers, transitions, patients, encounters] = FILES.map(|(file, columns)| {
        let rows: &[&str] = match file {
            "providers.csv" => &[
                "d1,Ludivina884 Steuber698,GENERAL PRACTICE,MA",
                "d2,Víctor493 Noriega353,CLINICAL PSYCHOLOGIST,MA",
                "d3,Ann1 Audio2,AUDIOLOGIST,MA",
            ],
            "payers.csv" => &["m,Medicare", "h,Humana", "n,NO_INSURANCE", "d,Dual Eligible"],
            "payer_transitions.csv" => &[
                "p1,aa-01,2019-08-12T22:13:54Z,2020-08-17T22:13:54Z,h,Self,Ann Ex",
                "p1,aa-01,2020-08-17T22:13:54Z,2021-08-23T22:13:54Z,h,Self,Ann Ex",
                "p1,bb-02,2021-08-23T22:13:54Z,2022-08-29T22:13:54Z,h,Guardian,Laverna97 Leffler128",
                "p1,,2022-08-29T22:13:54Z,2023-08-29T22:13:54Z,h,Self,Ann Ex",
                "p1,cc,2023-08-29T22:13:54Z,2024-08-29T22:13:54Z,n,,",
                "p1,ee,2024-08-29T22:13:54Z,2025-08-29T22:13:54Z,h,Spouse,Mrs. Gleichner915",
                "p9,dd,2023-08-29T22:13:54Z,2024-08-29T22:13:54Z,h,Self,X",
            ],
            "patients.csv" => &[
                "p1,1996-06-05,Jackie93,Okuneva707,F,455 Labadie Underpass,Winchester,Massachusetts,1890",
                "p2,1963-06-14,Jetta614,DuBuque211,M,1028 Sawayn Throughway,Framingham,Massachusetts,",
                "p3,2023-02-29,Bad1,Birth2,M,,,,",
                "p4,1963-06-14,Bad1,Zip2,M,,,,123",
                "p5,1963-06-14,777,Nameless2,M,,,,",
            ],
            _ => &[
                "e1,2020-01-18T13:01:59Z,2020-01-18T13:16:59Z,p1,d1,h,ambulatory,185345009,77.49,10509002",
                "e2,2021-01-18T13:01:59Z,2021-01-18T13:36:59Z,p1,d1,h,outpatient,390906007,77.5,",
                "e3,2021-02-18T13:01:59Z,2021-02-18T13:36:59Z,p1,d1,n,ambulatory,185347001,77.5,33737001",
                "e4,2021-02-19T13:01:59Z,2021-02-19T13:36:59Z,p1,d1,h,wellness,162673000,77.5,",
                "e5,2021-02-20T13:01:59Z,2021-02-20T13:36:59Z,p1,d1,h,emergency,50849002,77.5,",
                "e6,2021-02-21T13:01:59Z,2021-02-21T13:36:59Z,p1,d3,h,ambulatory,185345009,77.5,",
                "e7,2021-02-22T13:01:59Z,2021-02-22T13:36:59Z,p3,d1,h,ambulatory,185345009,77.5,",
                "e8,2021-02-23T13:01:59Z,2021-02-23T13:06:59Z,p1,d1,h,ambulatory,185345009,77.5,",
                "e9,2021-02-24T13:01:59Z,2021-02-24T13:36:59Z,p1,d1,h,ambulatory,185345009,77.505,",
                "e10,2021-02-25T13:01:59Z,yesterday,p1,d1,h,ambulatory,185345009,77.50,",
                "e11,2021-02-26T13:01:59Z,2021-02-26T13:36:59Z,p1,d1,h,ambulatory,424441002,77.50,",
                "e12,2031-02-26T13:01:59Z,2031-02-26T13:36:59Z,p1,d1,h,ambulatory,185345009,77.50,",
            ],
        };
        table(file, columns, rows)
    });
    Files { providers, payers, transitions, patients, encounters, unused: Vec::new() }
}

fn mapped() -> Mapped {
    let ids = HashMap::from([("humana".to_owned(), "99901".to_owned())]);
    map(&files(), &ids, "2026-11-23T00:00:00Z".parse().unwrap())
}

#[test]
fn therapists_are_those_who_treat() {
    let mapped = mapped();
    let [(_, doctor), (_, psychologist)] = mapped.therapists.as_slice() else { panic!("{:?}", mapped.therapists) };
    assert_eq!((doctor.first_name.as_str(), doctor.taxonomy.as_str()), ("Ludivina", "208D00000X"));
    assert_eq!((psychologist.first_name.as_str(), psychologist.last_name.as_str()), ("Víctor", "Noriega"));
    assert!(psychologist.npi.is_empty());
    assert_eq!(mapped.reports.providers.refused.len(), 1);
}

#[test]
fn patients_are_cleaned_and_the_hopeless_are_refused() {
    let mapped = mapped();
    let [first, second] = mapped.patients.as_slice() else { panic!("{:?}", mapped.patients.len()) };
    let address = first.patient.address.clone().unwrap();
    assert_eq!((first.patient.first_name.as_str(), first.patient.last_name.as_str()), ("Jackie", "Okuneva"));
    assert_eq!((address.state.as_str(), address.zip_code.as_str()), ("MA", "01890"));
    assert_eq!(second.patient.sex(), Sex::Male);
    let refused: Vec<_> = mapped.reports.patients.refused.into_iter().collect();
    let expected = ["ZIP code is no ZIP code", "birth date is missing or no date", "first or last name is missing"];
    assert_eq!(refused, expected.map(|why| (why.to_owned(), 1)));
}

#[test]
fn years_of_insurance_become_coverages() {
    let mapped = mapped();
    let coverages = &mapped.patients[0].coverages;
    let [own, guardian] = coverages.as_slice() else { panic!("{coverages:?}") };
    assert_eq!((own.payer_id.as_str(), own.member_id.as_str()), ("99901", "aa01"));
    let days = |c: &clinical::Coverage| {
        let text = |d: therapy_claims::google::r#type::Date| format!("{}-{:02}-{:02}", d.year, d.month, d.day);
        (text(c.effective_from.unwrap()), text(c.effective_to.unwrap()))
    };
    assert_eq!(days(own), ("2019-08-12".to_owned(), "2021-08-22".to_owned()));
    assert_eq!(days(guardian), ("2021-08-23".to_owned(), "2022-08-28".to_owned()));
    assert_eq!(guardian.relationship(), clinical::Relationship::Child);
    assert_eq!(guardian.subscriber.as_ref().unwrap().last_name, "Leffler");
    assert_eq!(mapped.patients[0].transitions, 3);
    assert_eq!(mapped.reports.transitions.refused.values().sum::<usize>(), 4);
    assert_eq!(mapped.reports.payers.refused.len(), 2);
}

#[test]
fn visits_become_sessions_and_the_rest_is_refused_with_the_reason() {
    let mapped = mapped();
    let sessions: Vec<_> = mapped.sessions.iter().map(|s| (s.key.as_str(), s.session.cpt_code.as_str())).collect();
    assert_eq!(sessions, [("e1", "99202"), ("e2", "99214"), ("e3", "99214"), ("e12", "99203")]);
    let [first, second, third, last] = mapped.sessions.as_slice() else { panic!() };
    assert_eq!(first.session.diagnosis_codes, ["J20.9"]);
    assert_eq!(first.session.fee, "77.49");
    assert_eq!(second.session.place_of_service, "22");
    assert!(third.session.self_pay && third.session.diagnosis_codes.is_empty());
    assert_eq!(first.session.status(), clinical::SessionStatus::Completed);
    assert_eq!(last.session.status(), clinical::SessionStatus::Scheduled);
    let refused = &mapped.reports.encounters.refused;
    assert_eq!((refused.len(), refused.values().sum::<usize>()), (8, 8), "{refused:#?}");
}

#[test]
fn rows_taken_and_refused_add_up_on_the_real_folder() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/synthea");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let files = Files::open(&folder).unwrap();
    let mapped = map(&files, &HashMap::new(), "2026-11-23T00:00:00Z".parse().unwrap());
    assert_eq!(mapped.patients.len(), 14);
    assert!(mapped.therapists.len() > 100 && mapped.sessions.len() > 40);
    let refused = |report: &FileReport| report.refused.values().sum::<usize>();
    let Reports { providers, patients, encounters, transitions, .. } = &mapped.reports;
    assert_eq!(mapped.therapists.len() + refused(providers), providers.rows);
    assert_eq!(mapped.patients.len() + refused(patients), patients.rows);
    assert_eq!(mapped.sessions.len() + refused(encounters), encounters.rows);
    let taken: usize = mapped.patients.iter().map(|patient| patient.transitions).sum();
    assert_eq!(taken + refused(transitions), transitions.rows);
    for patient in &mapped.patients {
        assert!(patient.coverages.len() <= 10);
        assert!(!patient.patient.first_name.contains(|c: char| c.is_ascii_digit()));
    }
    assert_eq!(files.unused.len(), 5);
}
