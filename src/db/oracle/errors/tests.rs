use super::{DriverError, ErrorText};
use crate::db::is_transient;
use crate::exit::Exit;

/// The error as it would be told, with its number and whether it is tried again.
fn classed(text: &str, driver: Option<i32>, at_login: bool) -> (Exit, bool, String) {
    let error = DriverError { text: ErrorText::read(text), driver, row: None }.classed(at_login);
    (Exit::of(&error), is_transient(&error), Exit::tell(&error))
}

const AGAIN: bool = true;
const ONCE: bool = false;

#[test]
fn every_error_ends_with_the_number_of_its_cause() {
    use Exit::{Busy, Config, Drifted, Failed, Unavailable};
    let table = [
        // Wrapped: what lies below decides.
        (
            "ORA-00604: error occurred at recursive SQL level 1\nORA-00018: maximum number of sessions exceeded",
            Unavailable,
            AGAIN,
        ),
        (
            "ORA-02091: transaction rolled back\nORA-00001: unique constraint (APP.PK) violated",
            Failed,
            ONCE,
        ),
        (
            "ORA-12801: error signaled in parallel query server P001\nORA-01555: snapshot too old",
            Drifted,
            AGAIN,
        ),
        (
            "ORA-00604: error occurred at recursive SQL level 1\nORA-00604: error occurred at recursive SQL level 2\nORA-01653: unable to extend table",
            Config,
            ONCE,
        ),
        (
            "ORA-20001: no changes at night\nORA-06512: at \"APP.TRG\", line 3\nORA-04088: error during execution of trigger 'APP.TRG'",
            Failed,
            ONCE,
        ),
        ("ORA-04088: error during execution of trigger 'APP.TRG'", Config, ONCE),
        (
            "ORA-04068: existing state of packages has been discarded\nORA-06508: PL/SQL: could not find program unit",
            Drifted,
            AGAIN,
        ),
        // Not there now.
        ("ORA-00257: Archiver error. Connect AS SYSDBA only until resolved.", Unavailable, AGAIN),
        ("ORA-12505: TNS:listener does not currently know of SID", Unavailable, AGAIN),
        ("ORA-12514: TNS:listener does not currently know of service", Unavailable, AGAIN),
        (
            "ORA-28547: connection to server failed, probable Oracle Net admin error",
            Unavailable,
            AGAIN,
        ),
        ("ORA-25408: can not safely replay call", Unavailable, AGAIN),
        ("ORA-04031: unable to allocate 4096 bytes of shared memory", Unavailable, AGAIN),
        ("ORA-65020: pluggable database already closed", Unavailable, AGAIN),
        ("ORA-00028: your session has been killed", Unavailable, ONCE),
        ("ORA-01013: user requested cancel of current operation", Unavailable, ONCE),
        // To be mended.
        ("ORA-01017: invalid username/password; logon denied", Config, ONCE),
        ("ORA-28009: connection as SYS should be as SYSDBA", Config, ONCE),
        ("ORA-12650: No common encryption or data integrity algorithm", Config, ONCE),
        ("ORA-21561: OID generation failed", Config, ONCE),
        ("ORA-12705: Cannot access NLS data files or invalid environment specified", Config, ONCE),
        (
            "ORA-01658: unable to create INITIAL extent for segment in tablespace USERS",
            Config,
            ONCE,
        ),
        ("ORA-28112: failed to execute policy function", Config, ONCE),
        ("ORA-65096: invalid common user or role name", Config, ONCE),
        // Somebody else was at work.
        ("ORA-00054: resource busy and acquire with NOWAIT specified", Busy, ONCE),
        ("ORA-00060: deadlock detected while waiting for resource", Drifted, AGAIN),
        ("ORA-01410: invalid ROWID", Drifted, AGAIN),
        ("ORA-08103: object no longer exists", Drifted, AGAIN),
        ("ORA-01466: unable to read data - table definition has changed", Drifted, AGAIN),
        ("ORA-04021: timeout occurred while waiting to lock object", Drifted, AGAIN),
        ("ORA-02049: timeout: distributed transaction waiting for lock", Drifted, AGAIN),
        // Data.
        (
            "ORA-12899: value too large for column \"APP\".\"T\".\"NAME\" (actual: 41, maximum: 40)",
            Failed,
            ONCE,
        ),
        ("ORA-02292: integrity constraint (APP.FK) violated - child record found", Failed, ONCE),
        ("ORA-00600: internal error code, arguments: [x]", Failed, ONCE),
    ];
    for (text, exit, again) in table {
        let (found, transient, told) = classed(text, None, false);
        assert_eq!((found, transient), (exit, again), "{text}: {told}");
        for line in text.lines() {
            assert!(told.contains(line), "{line} is not in: {told}");
        }
    }
}

#[test]
fn every_number_that_a_real_oracle_is_known_to_answer_has_its_class() {
    use Exit::{Config, Drifted, Failed, Unavailable};
    let table: [(Exit, bool, &[i32]); 5] = [
        (
            Unavailable,
            AGAIN,
            &[
                257, 1109, 1219, 2399, 3113, 3150, 4031, 4036, 12152, 12161, 12262, 12500, 12505,
                12514, 12521, 12525, 12535, 12540, 12549, 12560, 12564, 12569, 12592, 12606, 12609,
                12637, 16014, 16456, 19809, 25401, 25402, 25403, 25404, 25405, 25406, 25407, 25408,
                25409, 27101, 28547, 28864, 28865, 56600, 65020,
            ],
        ),
        (Unavailable, ONCE, &[28, 1013]),
        (
            Config,
            ONCE,
            &[
                1031, 1804, 4088, 4098, 12261, 12263, 12506, 12555, 12638, 12641, 12650, 12660,
                12699, 12705, 14402, 16000, 21561, 28009, 28112, 29003, 65096, 1650, 1651, 1658,
                1659, 1683, 1688, 1692, 30036, 5715, 12081,
            ],
        ),
        (
            Drifted,
            AGAIN,
            &[60, 1466, 1410, 1555, 1591, 2049, 4020, 4021, 4061, 4068, 8103, 8176, 8177, 24756],
        ),
        (
            Failed,
            ONCE,
            &[
                1, 600, 1400, 1407, 1438, 1722, 2091, 2290, 2291, 2292, 12899, 20001, 20999, 24816,
                32795, 54013,
            ],
        ),
    ];
    for (exit, again, numbers) in table {
        for number in numbers {
            let (found, transient, told) = classed(&format!("ORA-{number:05}: text"), None, false);
            assert_eq!((found, transient), (exit, again), "{told}");
            assert!(told.contains(&format!("ORA-{number:05}")), "{told}");
            if ![600, 24816].contains(number) {
                assert!(told.contains('('), "{told} tells nobody what to do");
            }
        }
    }
}

#[test]
fn the_drivers_own_errors_lead_to_the_same_numbers() {
    let of = |text: &str, driver| {
        let (exit, again, _) = classed(text, Some(driver), false);
        (exit, again)
    };
    let closed = "DPI Error: DPI-1080: connection was closed by ORA-3113\nORA-03113: end-of-file on communication channel";
    assert_eq!(of(closed, 1080), (Exit::Unavailable, AGAIN));
    assert_eq!(
        of("DPI Error: DPI-1080: connection was closed by ORA-28", 1080),
        (Exit::Unavailable, ONCE)
    );
    assert_eq!(of("DPI Error: DPI-1010: not connected", 1010), (Exit::Unavailable, AGAIN));
    let timeout = "DPI Error: DPI-1067: call timeout of 300 ms exceeded with ORA-3136";
    assert_eq!(of(timeout, 1067), (Exit::Unavailable, ONCE));
    // A timeout that took the session along would only be a second login after a long wait.
    assert_eq!(
        of("DPI Error: DPI-1080: connection was closed by ORA-3156", 1080),
        (Exit::Unavailable, ONCE)
    );
    assert_eq!(
        of("DPI Error: DPI-1049: symbol OCIAttrGet not found in OCI library", 1049),
        (Exit::Config, ONCE)
    );
    assert_eq!(
        of("DPI Error: DPI-1072: the Oracle Client library version is unsupported", 1072),
        (Exit::Config, ONCE)
    );
}

#[test]
fn a_log_on_trigger_is_heard_and_no_wrong_login_is_tried_twice() {
    let trigger = "ORA-00604: error occurred at recursive SQL level 1\nORA-20001: allowed from JUMP01 only\nORA-06512: at line 5";
    let (exit, again, told) = classed(trigger, None, true);
    assert_eq!((exit, again), (Exit::Config, ONCE));
    assert!(told.contains("allowed from JUMP01 only") && told.contains("log-on trigger"), "{told}");
}

#[test]
fn what_a_line_holds_of_peoples_data_is_not_told() {
    for (text, kept, hidden) in [
        (
            "ORA-00001: unique constraint (APP.PM_USER_EMAIL) violated on table APP.PM_USER columns (EMAIL)\n\
             ORA-03301: (ORA-00001 details) row with column values (EMAIL:'anna@example.org') already exists\n\
             Help: https://docs.oracle.com/error-help/db/ora-00001/",
            "APP.PM_USER_EMAIL",
            "anna",
        ),
        (
            "ORA-01438: value 4711 greater than specified precision (2, 0) for column \"PAY\"",
            "PAY",
            "4711",
        ),
        ("ORA-01722: unable to convert string value containing 'Ž' to a number: NAME", "NAME", "Ž"),
        ("ORA-20001: nobody but anna@example.org may do so", "nobody but", "anna"),
    ] {
        let (_, _, told) = classed(text, None, false);
        assert!(told.contains(kept) && !told.contains(hidden), "{told}");
    }
}

#[test]
fn broken_bytes_at_the_end_of_a_message_are_cut_off() {
    let (_, _, told) =
        classed("DPI-1080: connection was closed by ORA-3113\n\u{fffd}\u{1}x", Some(1080), false);
    assert!(told.contains("closed by ORA-3113") && !told.contains('\u{fffd}'), "{told}");
}

#[test]
fn a_client_library_that_misses_a_file_says_which_package_brings_it() {
    let told = |file: &str| {
        let text = format!(
            "DPI Error: DPI-1047: Cannot locate a 64-bit Oracle Client library: \"{file}: cannot open shared object file: No such file or directory\". See https://oracle.github.io/odpi/"
        );
        let (exit, again, told) = classed(&text, Some(1047), false);
        assert_eq!((exit, again), (Exit::Config, ONCE));
        assert!(told.contains(file), "{told}");
        told
    };
    assert!(told("libaio.so.1").contains("libaio1t64"));
    assert!(told("libnnz19.so").contains("client_lib_dir"));
    assert!(told("libnsl.so.1").contains("libnsl2"));
    assert!(told("libclntsh.so").contains("Instant Client"));
}
