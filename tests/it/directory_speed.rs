//! How long the directory takes, where it is the number of round trips that decides: so that a
//! slow or busy machine measures the same.

use std::time::{Duration, Instant};

use recert::door::config::directory::{DirectorySettings, Strategy};

use crate::directory::{ask, manager, own};
use crate::fake_ldap::{Fault, Proxy};
use crate::needs_slapd;
use crate::slapd::Slapd;
use crate::slapd::people::{Person, ldif};

#[test]
fn eight_thousand_people_take_few_round_trips() {
    needs_slapd!();
    let ids: Vec<String> = (0..8000).map(|i| format!("user{i:05}")).collect();
    let dn = |i: usize| Person::new(&ids[i]).dn;
    let people: Vec<Person> =
        (0..ids.len()).map(|i| Person::new(&ids[i]).managed_by(&dn(i / 8))).collect();
    let slapd = Slapd::with(ldif(&people));
    // One search for each of them and one for each manager would take 9,000 round trips: half an hour.
    let round_trip = Duration::from_millis(200);
    let proxy = Proxy::start(slapd.port, Fault::RoundTrip(round_trip));
    let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut expected: Vec<_> = (0..ids.len()).map(|i| manager(&ids[i / 8])).collect();
    expected[0] = own(&ids[0]);
    for (strategy, most) in [(Strategy::Batch, 100), (Strategy::Auto, 100)] {
        let settings = DirectorySettings {
            urls: vec![format!("ldap://localhost:{}", proxy.port)],
            strategy,
            ..slapd.plain_settings()
        };
        let start = Instant::now();
        assert_eq!(ask(&settings, &asked).unwrap(), expected);
        let took = start.elapsed();
        assert!(took < round_trip * most, "{strategy:?} took {took:?}");
    }
}
