//! What stands above the rows, in the order in which a person asks for it.

use maud::{Markup, PreEscaped, html};

use super::charted::{coverage, months, removal};
use super::text::{ShownText, escaped, section};
use crate::report::access::REVIEWS;
use crate::report::figures::{CutList, ListedAccess, ManagerFigures};
use crate::report::row::{CLASSES, class_word};
use crate::report::state::{STATE_KINDS, STATES};
use crate::report::verdict::{self, capital, grouped, plural};
use crate::report::{ReportContent, ReportScope};

/// Rows of a list that are shown before it is unfolded.
const SHOWN_FIRST: usize = 10;

pub(super) fn summary(content: &ReportContent<'_>) -> String {
    html! {
        (head(content))
        (needs(content))
        (managers(content))
        (removal(content))
        (coverage(content))
        (months(content))
        (independence(content))
        (exceptions(content))
        (evidence(content))
    }
    .into_string()
}

fn head(content: &ReportContent<'_>) -> Markup {
    let is_proven = content.evidence.problems.is_empty();
    html! {
        p.verdict { (verdict::sentence(content)) }
        p class=(if is_proven { "proof" } else { "proof alarm" }) { (ShownText(&verdict::proof(content))) }
        @if let Some(note) = verdict::note(content) { p.note { (note) } }
    }
}

/// A list of what needs somebody: its id, what it holds, and in which table all of it is.
type NamedList<'c> = (&'static str, &'static str, &'static str, &'c CutList<ListedAccess>);

/// What needs somebody: a list each.
fn lists<'c>(content: &'c ReportContent<'_>) -> [NamedList<'c>; 5] {
    let figures = content.figures;
    [
        ("remains", "access that remains although revoked", "responses", &figures.remains),
        ("given-again", "given again after a removal", "responses", &figures.given_again),
        ("unanswered", "unanswered past due", "responses", &figures.unanswered),
        ("never-asked", "never asked", "accesses", &figures.never_asked),
        ("orphans", "orphans: the user is not in USER_TAB", "accesses", &figures.orphans),
    ]
}

fn needs(content: &ReportContent<'_>) -> Markup {
    let lists = lists(content);
    let figures = content.figures;
    let further: [NamedList<'_>; 3] = [
        (
            "left-alone",
            "left alone: due, and recert does not act",
            "responses",
            &figures.left_alone,
        ),
        ("restored", "restored", "responses", &figures.restored),
        (
            "without-application",
            "users with neither RAP nor PACKBUILDER",
            "accesses",
            &figures.without_application,
        ),
    ];
    let inner = html! {
        ul.cards {
            @for (id, what, _, list) in &lists {
                li class=(if list.n > 0 { "alarm" } else { "quiet" }) {
                    @if list.n > 0 {
                        a href=(format!("#{id}")) { data value=(list.n) { (grouped(list.n)) } }
                    } @else {
                        data value="0" { "0" }
                    }
                    " " (what)
                    small { (if list.n > 0 { "to do" } else { "nothing to do" }) }
                }
            }
        }
        @for list in lists.iter().chain(&further) {
            @if list.3.n > 0 { (listed(list)) }
        }
        (states(content))
    };
    section("needs", "What needs somebody", &inner)
}

/// The first rows of a list, and all that were kept behind a fold.
fn listed((id, what, table, list): &NamedList<'_>) -> Markup {
    let (first, rest) = list.items.split_at(list.items.len().min(SHOWN_FIRST));
    let kept = list.items.len() as u64;
    html! {
        h3 id=(id) { (capital(what)) ": " (grouped(list.n)) }
        (listed_table(first))
        @if !rest.is_empty() {
            details {
                summary { (if kept == list.n { format!("all {}: the other {}", grouped(list.n), grouped(list.n - first.len() as u64)) } else { format!("the first {}", grouped(kept)) }) }
                (listed_table(rest))
            }
            p.note {
                @if kept < list.n { "Only the first " (grouped(kept)) " are listed here. " }
                "All " (grouped(list.n)) " are among the rows of " a href=(format!("#{table}")) { (capital(table)) } "."
            }
        }
    }
}

fn listed_table(items: &[ListedAccess]) -> Markup {
    html! {
        table.list.places {
            colgroup { @for _ in 0..5 { col; } }
            thead { tr {
                @for heading in ["User", "Location", "Line manager of today", "Since", "State"] { th scope="col" { (heading) } }
            } }
            tbody {
                @for item in items {
                    tr {
                        th scope="row" { (person(&item.user[1].to_string(), &item.user[0].to_string(), "")) }
                        td { (item.location) }
                        td { (person(&item.manager[1].to_string(), &item.manager[0].to_string(), &item.manager[2].to_string())) }
                        td { @if let Some(since) = item.since { time { (since) } } }
                        td { (ShownText(&item.state)) }
                    }
                }
            }
        }
    }
}

/// Columns of the responses' table that links pick rows by.
const MANAGER: usize = 1;
const STATUS: usize = 4;
const STATE: usize = 9;

/// A number that leads to the responses it counts. The script shows just those; without it, the link leads to all.
fn to_rows(n: u64, picks: &[(usize, &str)]) -> Markup {
    let picks: Vec<String> =
        picks.iter().map(|(column, text)| format!("{column}={}", escaped(text))).collect();
    html! {
        @if n == 0 { "0" } @else { a href="#responses" data-rows=(PreEscaped(picks.join("\n"))) { (grouped(n)) } }
    }
}

fn person(name: &str, id: &str, mail: &str) -> Markup {
    html! {
        @if name.is_empty() { (ShownText(id)) } @else { (ShownText(name)) " " small { (ShownText(id)) } }
        @if !mail.is_empty() { " " small { (ShownText(mail)) } }
    }
}

/// All responses of the report by what became of them: the parts add up to all.
fn states(content: &ReportContent<'_>) -> Markup {
    let tally = content.tally;
    let counted = STATES.iter().enumerate().filter(|(place, _)| tally.in_state(*place) > 0);
    html! {
        table {
            caption { "All " (plural(tally.n_rows(), "response", "responses")) " of this report, by what became of them" }
            thead { tr {
                th scope="col" { "State" }
                @for class in CLASSES { th.n scope="col" { (class_word(class)) } }
                th.n scope="col" { "All" }
            } }
            tbody {
                @for (place, (_, words)) in counted {
                    tr {
                        @let kind = STATE_KINDS[place];
                        th scope="row" { (capital(words)) }
                        @for class in CLASSES { td.n { (to_rows(tally.states[class as usize][place], &[(STATUS, class_word(class)), (STATE, kind)])) } }
                        td.n { (to_rows(tally.in_state(place), &[(STATE, kind)])) }
                    }
                }
            }
            tfoot { tr {
                th scope="row" { "All" }
                @for class in CLASSES { td.n { (to_rows(tally.states[class as usize].iter().sum(), &[(STATUS, class_word(class))])) } }
                td.n { (to_rows(tally.n_rows(), &[])) }
            } }
        }
        (others(content))
    }
}

fn others(content: &ReportContent<'_>) -> Markup {
    let tally = content.tally;
    let mut parts: Vec<String> =
        tally.others.iter().map(|(status, n)| format!("{status}: {}", grouped(*n))).collect();
    if tally.others_unnamed > 0 {
        parts.push(format!("yet others: {}", grouped(tally.others_unnamed)));
    }
    let years: Vec<String> =
        tally.other_years.iter().map(|(year, n)| format!("{year}: {}", grouped(*n))).collect();
    html! {
        @if !parts.is_empty() { p { "Other statuses: " (ShownText(&parts.join(", "))) "." } }
        @if !years.is_empty() { p { "In the reports of other years: " (years.join(", ")) "." } }
    }
}

fn managers(content: &ReportContent<'_>) -> Markup {
    let all = content.figures.managers_to_ask();
    let waiting: Vec<_> =
        all.iter().filter(|(_, manager)| manager.overdue + manager.open > 0).collect();
    let (first, rest) = waiting.split_at(waiting.len().min(SHOWN_FIRST));
    let inner = html! {
        p.note { "Line managers of today: the tables do not hold who answered. Sorted by what is overdue." }
        @if waiting.is_empty() { p.none { "Nobody: everything is answered." } } @else {
            (manager_table(first, content))
            @if !rest.is_empty() {
                details { summary { "all " (grouped(waiting.len() as u64)) } (manager_table(rest, content)) }
            }
        }
    };
    section("managers", "Whom to ask", &inner)
}

fn manager_table(managers: &[&(&str, &ManagerFigures)], content: &ReportContent<'_>) -> Markup {
    html! {
        table.list {
            thead { tr {
                th scope="col" { "Line manager" } th scope="col" { "Mail" }
                @for heading in ["Answered", "Open", "Overdue", "Oldest, days"] { th.n scope="col" { (heading) } }
            } }
            tbody {
                @for (id, manager) in managers {
                    tr {
                        th scope="row" {
                            @if id.is_empty() { "nobody is known" } @else { (person(&manager.name.to_string(), id, "")) }
                        }
                        td { (manager.mail) }
                        td.n { (grouped(manager.answered)) }
                        td.n { (grouped(manager.open)) }
                        td.n { (to_rows(manager.overdue, &[(MANAGER, id), (STATE, "unanswered")])) }
                        td.n { @if let Some(days) = verdict::oldest_days(manager, content) { (days) } }
                    }
                }
            }
        }
    }
}

fn independence(content: &ReportContent<'_>) -> Markup {
    let figures = content.figures;
    let people = |list: &CutList<(String, crate::report::row::RowCell)>| -> (u64, Vec<String>) {
        (
            list.n,
            list.items.iter().map(|(id, name)| format!("{name} {id}").trim().to_owned()).collect(),
        )
    };
    let managers = |managers: Vec<(&str, &ManagerFigures)>| -> (u64, Vec<String>) {
        let told = |(id, manager): &(&str, &ManagerFigures)| {
            format!("{} {id} ({})", manager.name, plural(manager.answered, "answer", "answers"))
                .trim()
                .to_owned()
        };
        (managers.len() as u64, managers.iter().map(told).collect())
    };
    let contradictory = (figures.contradictory.n, figures.contradictory.items.clone());
    let rows = [
        ("Reportees who are their own line manager", people(&figures.self_managed)),
        ("Reportees whose line manager nobody knows", people(&figures.unmanaged)),
        ("Line managers who are not in USER_TAB", managers(figures.departed_managers())),
        ("Accesses both approved and revoked", contradictory),
        (
            "Line managers (of today) of five answers or more, all of them approved",
            managers(figures.approvers_of_all()),
        ),
    ];
    let inner = html! {
        table.list {
            thead { tr { th scope="col" { "What" } th.n scope="col" { "Number" } th scope="col" { "Who" } } }
            tbody {
                @for (what, (n, who)) in &rows {
                    tr {
                        th scope="row" { (what) }
                        td.n { (grouped(*n)) }
                        td { @if *n > 0 {
                            @let (first, rest) = who.split_at(who.len().min(SHOWN_FIRST));
                            (ShownText(&first.join(" · ")))
                            @if !rest.is_empty() { details { summary { (grouped(rest.len() as u64)) " more" } (ShownText(&rest.join(" · "))) } }
                            @if *n > who.len() as u64 { p.note { "The first " (grouped(who.len() as u64)) " are listed here; all of them are among the rows of " a href="#responses" { "Responses" } "." } }
                        } }
                    }
                }
            }
        }
    };
    section("independence", "Independence", &inner)
}

fn exceptions(content: &ReportContent<'_>) -> Markup {
    let exceptions = &content.figures.exceptions;
    let inner = html! {
        @if exceptions.is_empty() { p.none {
            "None"
            @if let ReportScope::Year(year) = content.scope { " since " (year) " began" }
            ": no limit was lifted, no doubt accepted, nothing restored."
        } } @else {
            table.list {
                thead { tr { @for heading in ["Day", "Job", "What", "Who", "Why", "Run"] { th scope="col" { (heading) } } } }
                tbody {
                    @for exception in exceptions {
                        tr {
                            td { time { (exception.day) } }
                            td { (ShownText(&exception.job)) }
                            td { (ShownText(&exception.what)) }
                            td { (ShownText(&exception.who)) }
                            td { (ShownText(exception.reason())) }
                            td.run { (ShownText(&exception.run)) }
                        }
                    }
                }
            }
        }
    };
    section("exceptions", "Exceptions", &inner)
}

fn evidence(content: &ReportContent<'_>) -> Markup {
    let lines = content.evidence.lines(content.tally);
    let inner = html! {
        table.evidence { tbody {
            @for (name, value) in &lines {
                tr { th scope="row" { (name) } td { (ShownText(value)) } }
            }
        } }
        p.note {
            "To take the hash of the rows again: SHA-256 over the fields of each row of the csv, as netstrings; "
            code { "sql/report/README.md" } " has the line of Python."
        }
        p.note { "Every row of RECREATE_RESPONSE and every access of MAP_RAP_USER_ROLE is in exactly one place: " (reviews(content)) "." }
    };
    section("evidence", "Evidence", &inner)
}

fn reviews(content: &ReportContent<'_>) -> PreEscaped<String> {
    let parts: Vec<String> = REVIEWS
        .iter()
        .map(|(review, word)| {
            format!("{} {word}", grouped(content.tally.reviews[*review as usize]))
        })
        .collect();
    PreEscaped(parts.join(", "))
}
