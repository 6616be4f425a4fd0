/* The road of section 3, as a model: two runs, of one job or of two, the application beside them, and a line
 * that may break at any step. READ COMMITTED as Oracle has it: a statement sees what was committed when it began and
 * its own changes; a row that another transaction holds is waited for, or with NOWAIT not; an insert waits for nobody.
 *
 * `tests/model/run` checks it, and that each lock and guard is needed: with one of them broken (-DBREAK_…), Spin finds
 * a promise broken. What is promised stands in the assertions; that nobody waits in a ring is "no invalid end state". */

#define RUNS 2
#ifdef SAME_JOB
#define JOB(me) 0              /* which row of RECERT_LOCK: both runs revoke */
#define REVOKES(me) true
#else
#define JOB(me) me             /* run 1 is of another job, and plans nothing */
#define REVOKES(me) (me == 0)
#endif
#define NOBODY 9
#define APP 8
#define GHOST(me) (me + 4)     /* a run's session, still on the server after the line broke */
#define ATTEMPTS 1             /* after the first */

mtype = { nothing_yet, applied, busy, unavailable, drifted, unknown };

/* What is committed. Row 0 and 1 are the access (row 1 is not there at first), row 2 the response that revokes it. */
#define RESPONSE 2
bool there[3] = { true, false, true };
byte version[3];
bool is_active = true;
bool in_ledger[RUNS];
byte chain_end = NOBODY;       /* the last run in the chain */

/* Who holds what until their transaction ends. */
byte row_lock[3] = { NOBODY, NOBODY, NOBODY };
byte job_lock[2] = { NOBODY, NOBODY };
byte end_lock = NOBODY;

/* What a run has done and not committed; what it will say. */
typedef Doing { bool deletes[2]; bool closes; byte image[3]; byte predecessor; }
Doing doing[RUNS];
mtype told[RUNS] = nothing_yet;
byte n_in_job[2], n_done;
bool ghost_may_commit[RUNS], ghost_lives[RUNS];

inline let_go(holder) {
    byte k;
    for (k : 0 .. 2) { if :: row_lock[k] == holder -> row_lock[k] = NOBODY :: else fi }
    for (k : 0 .. 1) { if :: job_lock[k] == holder -> job_lock[k] = NOBODY; n_in_job[k]-- :: else fi }
    if :: end_lock == holder -> end_lock = NOBODY :: else fi;
    k = 0
}

/* The server carries out COMMIT: all of it, or none. */
inline commit(the_run, session) {
    assert(!in_ledger[the_run]);                               /* no run is carried out twice */
    assert(doing[the_run].predecessor == chain_end);           /* the chain does not fork */
    byte r;
    for (r : 0 .. 1) {
        if
        :: doing[the_run].deletes[r] ->
            assert(there[r] && doing[the_run].image[r] == version[r]);   /* no stale before-image */
            there[r] = false
        :: else
        fi
    }
    r = 0;
    if
    :: doing[the_run].closes ->
        assert(is_active && doing[the_run].image[RESPONSE] == version[RESPONSE]);
        is_active = false
    :: else
    fi
    in_ledger[the_run] = true;
    chain_end = the_run;
    let_go(session)
}

inline forget(whose) {
    doing[whose].deletes[0] = false; doing[whose].deletes[1] = false; doing[whose].closes = false;
    doing[whose].image[0] = 0; doing[whose].image[1] = 0; doing[whose].image[2] = 0; doing[whose].predecessor = NOBODY
}

/* One planned row is held and compared with what the plan read. */
inline hold(holds, which, as_seen) {
#ifdef BREAK_NOWAIT
    atomic { row_lock[which] == NOBODY -> row_lock[which] = holds };
#else
    atomic {
        if
        :: row_lock[which] == NOBODY -> row_lock[which] = holds
        :: else -> goto drift
        fi
    };
#endif
#ifndef BREAK_COMPARE
    atomic {
        if
        :: there[which] && version[which] == as_seen && (which != RESPONSE || is_active) -> skip
        :: else -> goto drift
        fi
    };
#endif
    doing[holds].image[which] = as_seen
}

proctype Run(byte me) {
    byte attempt, seen[3];
    bool planned[3];

again:
    forget(me);
    /* Step 3: the job's lock, and nobody waits for it. */
    atomic {
        if
#ifdef BREAK_JOB_LOCK
        :: true -> job_lock[JOB(me)] = me; n_in_job[JOB(me)]++
#else
        :: job_lock[JOB(me)] == NOBODY -> job_lock[JOB(me)] = me; n_in_job[JOB(me)]++
        :: else -> told[me] = busy; goto ended
#endif
        fi;
        assert(n_in_job[JOB(me)] == 1)                    /* no two runs of one job side by side */
    };
    /* Step 4: two statements, two moments. */
    atomic { planned[RESPONSE] = is_active && REVOKES(me); seen[RESPONSE] = version[RESPONSE] };
    atomic {
        planned[0] = planned[RESPONSE] && there[0]; seen[0] = version[0];
        planned[1] = planned[RESPONSE] && there[1]; seen[1] = version[1]
    };
    /* Step 6: hold, in order of table and key. */
#ifndef BREAK_HOLD
    if :: planned[0] -> hold(me, 0, seen[0]) :: else fi;
    if :: planned[1] -> hold(me, 1, seen[1]) :: else fi;
    if :: planned[RESPONSE] -> hold(me, RESPONSE, seen[RESPONSE]) :: else fi;
#else
    doing[me].image[0] = seen[0]; doing[me].image[1] = seen[1]; doing[me].image[2] = seen[2];
#endif
    /* Step 7: deletes touch what they planned, else the run has drifted. */
    atomic {
        byte row = 0;
        do
        :: row == 2 -> break
        :: row < 2 && planned[row] ->
            if
            :: there[row] && (row_lock[row] == me || row_lock[row] == NOBODY) -> row_lock[row] = me; doing[me].deletes[row] = true
            :: else -> goto drift
            fi;
            row++
        :: row < 2 && !planned[row] -> row++
        od;
        row = 0
    };
    /* The response is closed only if no access is left, as its WHERE says. */
    atomic {
        if
        :: planned[RESPONSE] ->
            if
#ifndef BREAK_GUARD
            :: (there[0] && !doing[me].deletes[0]) || (there[1] && !doing[me].deletes[1]) -> goto drift
#endif
            :: else ->
                assert(!(there[0] && !doing[me].deletes[0]) && !(there[1] && !doing[me].deletes[1]));
                if
                :: is_active && (row_lock[RESPONSE] == me || row_lock[RESPONSE] == NOBODY) -> row_lock[RESPONSE] = me; doing[me].closes = true
                :: else -> goto drift
                fi
            fi
        :: else
        fi
    };
    if :: true :: goto lost fi;
    /* Step 8: the chain's end, waited for, but not for ever. */
#ifndef BREAK_END_LOCK
    if
    :: atomic { end_lock == NOBODY -> end_lock = me }
    :: goto drift
    fi;
#endif
    doing[me].predecessor = chain_end;
    /* Step 9: COMMIT. Its answer may be lost, before or after the server heard of it. */
    if
    :: atomic { commit(me, me); told[me] = applied; goto ended }
    :: atomic {
            ghost_may_commit[me] = true; ghost_lives[me] = true;
            byte it;
            for (it : 0 .. 2) { if :: row_lock[it] == me -> row_lock[it] = GHOST(me) :: else fi }
            for (it : 0 .. 1) { if :: job_lock[it] == me -> job_lock[it] = GHOST(me) :: else fi }
            if :: end_lock == me -> end_lock = GHOST(me) :: else fi;
            it = 0
        }
    fi;
#ifdef BREAK_NO_RETRY
    if :: attempt < ATTEMPTS -> attempt++; goto again :: else fi;
#endif
    /* The look-up: absence counts only with the chain's end in hand. */
    if
    :: atomic { in_ledger[me] -> told[me] = applied }
#ifdef BREAK_LOOK_UP
    :: atomic { !in_ledger[me] -> told[me] = unavailable }
#else
    :: atomic { end_lock == NOBODY && !in_ledger[me] -> told[me] = unavailable }
#endif
    :: told[me] = unknown
    fi;
    goto ended;

lost:   /* Before COMMIT the server undoes all of it, and another attempt may follow. */
    atomic { let_go(me); forget(me) };
    if :: attempt < ATTEMPTS -> attempt++; goto again :: else -> told[me] = unavailable; goto ended fi;
drift:
    atomic { let_go(me); forget(me) };
    if :: attempt < ATTEMPTS -> attempt++; goto again :: else -> told[me] = drifted fi;
ended:  /* Nothing is left to tell two endings apart that are one. */
    atomic {
        n_done++; attempt = 0;
        seen[0] = 0; seen[1] = 0; seen[2] = 0;
        planned[0] = false; planned[1] = false; planned[2] = false
    }
}

/* What is left of a run on the server when its line broke during COMMIT: it commits, or is undone. */
proctype Ghost(byte me) {
    do
    :: atomic { ghost_lives[me] -> ghost_lives[me] = false;
            if
            :: commit(me, GHOST(me))
            :: let_go(GHOST(me))
            fi
        }
    :: atomic { n_done == RUNS && !ghost_lives[me] -> break }
    od
}

/* The application: gives access anew, changes rows, and locks them in the other order, waiting as applications do. */
proctype Application() {
    byte left = 2;
    do
    :: left > 0 -> left--;
        if
        :: atomic { !there[1] && row_lock[1] == NOBODY -> there[1] = true; version[1]++ }
        :: atomic { row_lock[0] == NOBODY -> version[0]++ }
        :: atomic { row_lock[0] == NOBODY -> there[0] = false }
        :: atomic { row_lock[RESPONSE] == NOBODY -> row_lock[RESPONSE] = APP };
            atomic { row_lock[0] == NOBODY -> row_lock[0] = APP };
            atomic { version[0]++; version[RESPONSE]++; let_go(APP) }
        fi
    :: break
    od
}

init {
    atomic {
        run Run(0); run Run(1);
        run Ghost(0); run Ghost(1);
        run Application()
    };
    /* All is over: what each run said is what happened. */
    atomic {
        _nr_pr == 1 ->
        byte me;
        for (me : 0 .. 1) {
            assert(told[me] != nothing_yet);                              /* every run ends */
            assert(told[me] != applied || in_ledger[me]);
            assert(told[me] == applied || told[me] == unknown || !in_ledger[me])
        }
    }
}
