-- Database roles for the three processes. Run as the owner of the tables, after every `tipline setup`:
--     psql "$OWNER_URL" -f deploy/postgres-roles.sql
-- then give each role a password or a peer mapping of its own. The owner's URL is for `tipline setup` only.

DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['tipline_public', 'tipline_staff', 'tipline_jobs'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE 'CREATE ROLE ' || quote_ident(wanted) || ' LOGIN';
    END IF;
  END LOOP;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, tipline_public, tipline_staff, tipline_jobs;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tipline_public, tipline_staff, tipline_jobs;
GRANT SELECT ON alembic_version TO tipline_public, tipline_staff, tipline_jobs;

-- The public part: what is published, drafts, and what a tip is made of. It reads no account, no grant, no recovery
-- code, no work of the desk, no log, and none of the keys that are sealed to a desk.
GRANT SELECT ON appeal, appeal_text, exhibit_text, exhibit_picture, desk_epoch TO tipline_public;
GRANT SELECT (id, name, state, epoch, created_at, stopped_at) ON desk TO tipline_public;
-- Not what became of an exhibit, and no batch: what will appear or go.
GRANT SELECT (id, ref, appeal_id, state, need, position, published_on, withdrawn_on) ON exhibit TO tipline_public;
-- Not who entered the figures.
GRANT SELECT (id, tips_received, exhibits_recognised, countries, children_safeguarded, as_of, entered_at, withdrawn_at)
  ON campaign_figures TO tipline_public;
GRANT SELECT ON campaign_update, campaign_update_text, edition TO tipline_public;
GRANT SELECT (id, name, objects_shown, words) ON service_mode TO tipline_public;
GRANT SELECT, INSERT, UPDATE, DELETE ON draft, tip_record, attachment, attachment_key TO tipline_public;
GRANT SELECT, INSERT, UPDATE ON mailbox TO tipline_public;
GRANT INSERT ON tip, tip_key, log_arrival TO tipline_public;
GRANT SELECT (id, ref, status, desk_id, lane, urgent, restricted, review_due_at) ON tip TO tipline_public;
-- The mailbox: what is added by receipt makes a tip urgent or gives it time, and a withdrawal asks what stands against.
GRANT UPDATE (lane, urgent, folded, compared, review_due_at) ON tip TO tipline_public;
GRANT SELECT, INSERT, DELETE ON mailbox_visit TO tipline_public;
-- Not who of the desk wrote to a sender, or decided about a request.
GRANT SELECT (id, tip_id, kind, language, ciphertext, written_at) ON mailbox_message TO tipline_public;
GRANT SELECT, INSERT ON addition TO tipline_public;
GRANT SELECT (id, tip_id, desk_id, kind, state, reason_code, made_at, due_on, decided_at), INSERT, UPDATE (state)
  ON rights_request TO tipline_public;
GRANT SELECT (tip_id, lifted_at) ON hold TO tipline_public;
GRANT SELECT (tip_id) ON referral_tip TO tipline_public;
GRANT SELECT (tip_id, ref) ON tombstone TO tipline_public;

-- The staff and admin parts: everything but changing the log. What goes out of the log is the timer's alone.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO tipline_staff;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM tipline_staff;
REVOKE UPDATE, DELETE ON log_entry FROM tipline_staff;
REVOKE INSERT, DELETE ON log_head FROM tipline_staff;
REVOKE INSERT, DELETE ON log_segment FROM tipline_staff;
REVOKE INSERT, UPDATE, DELETE ON log_arrival FROM tipline_staff;

-- The timer: it erases and keeps the log; it opens nothing, so it reads no key, only the ids beside them.
GRANT SELECT ON desk, desk_epoch, appeal, appeal_text, exhibit, exhibit_text, exhibit_picture, batch, batch_item, draft,
  tip, attachment, tip_event, consultation, assessment, statement, hold, tombstone, referral, referral_tip, package, authority, authority_key,
  authority_key_confirmation, log_head, log_entry, log_arrival, log_segment TO tipline_jobs;
GRANT SELECT (tip_id, purpose), DELETE ON tip_key TO tipline_jobs;
GRANT SELECT (attachment_id), DELETE ON attachment_key TO tipline_jobs;
GRANT SELECT (id), DELETE ON search_segment TO tipline_jobs;
GRANT SELECT (segment_id), DELETE ON search_segment_key TO tipline_jobs;
GRANT SELECT, DELETE ON search_segment_tip TO tipline_jobs;
GRANT SELECT (referral_id), DELETE ON referral_key TO tipline_jobs;
GRANT SELECT (tip_id, withdraw_at), UPDATE (withdraw_at), DELETE ON mailbox TO tipline_jobs;
GRANT SELECT (tip_id, erase_at), DELETE ON mailbox_visit TO tipline_jobs;
GRANT SELECT (tip_id), DELETE ON mailbox_message TO tipline_jobs;
GRANT SELECT (tip_id), DELETE ON desk_transfer TO tipline_jobs;
GRANT SELECT (id, tip_id), DELETE ON addition TO tipline_jobs;
GRANT SELECT, INSERT, UPDATE (state), DELETE ON rights_request TO tipline_jobs;
GRANT SELECT (tip_id, part), DELETE ON tip_record TO tipline_jobs;
GRANT SELECT (seen_at, started_at), DELETE ON account_session TO tipline_jobs;
GRANT SELECT (used_on), DELETE ON known_device TO tipline_jobs;
GRANT SELECT (happened_at), DELETE ON account_change TO tipline_jobs;
GRANT SELECT (expires_at), DELETE ON invitation TO tipline_jobs;
GRANT SELECT (expires_at), DELETE ON approval TO tipline_jobs;
GRANT DELETE ON draft, tip, attachment, tip_event, consultation, assessment, statement, hold, log_arrival, log_entry
  TO tipline_jobs;
GRANT UPDATE ON draft, tip, referral, package, log_head, log_segment, authority_key TO tipline_jobs;
-- A batch publishes an appeal only while its desk is open: who holds a grant and which codes are confirmed, no key.
GRANT UPDATE ON appeal, exhibit, batch, batch_item TO tipline_jobs;
GRANT SELECT ON desk_member TO tipline_jobs;
GRANT SELECT (account_id, desk_id, epoch, kind) ON desk_grant TO tipline_jobs;
GRANT SELECT (desk_id, epoch, kind, confirmed_at, used_at) ON recovery_code TO tipline_jobs;
-- It makes and sends notices by mail, of which it needs to know who is at which desk and wants them.
GRANT SELECT (id, state) ON account TO tipline_jobs;
GRANT SELECT ON account_role TO tipline_jobs;
GRANT SELECT, INSERT, UPDATE, DELETE ON notice, notice_setting TO tipline_jobs;
GRANT SELECT, INSERT, DELETE ON urgent_told TO tipline_jobs;
GRANT SELECT (id, desk_id, act, state, proposed_by, expires_at) ON approval TO tipline_jobs;
GRANT SELECT (urgent, opened_at) ON addition TO tipline_jobs;
-- It counts.
GRANT SELECT, INSERT, UPDATE, DELETE ON statistic, statistic_day, statistic_rest TO tipline_jobs;
GRANT SELECT, UPDATE, DELETE ON answer_group, group_member TO tipline_jobs;
GRANT SELECT ON tip_label TO tipline_jobs;
GRANT SELECT (id, country) ON queue_label TO tipline_jobs;
GRANT SELECT, INSERT, UPDATE ON edition TO tipline_jobs;  -- what it publishes or withdraws on time
GRANT INSERT ON tombstone, tip_event, log_entry, log_segment TO tipline_jobs;
-- What is kept beside a tip goes with it; who had one open and what could be undone, when it is old.
GRANT SELECT (label_id, tip_id), DELETE ON tip_label TO tipline_jobs;
GRANT SELECT (tip_id, seen_at), DELETE ON tip_open TO tipline_jobs;
GRANT SELECT (act_id, tip_id), DELETE ON bulk_item TO tipline_jobs;
GRANT SELECT (account_id, tip_id), DELETE ON note_call TO tipline_jobs;
GRANT SELECT (mention_id, tip_id, seen_at), DELETE ON special_flag TO tipline_jobs;
GRANT SELECT (id, made_at), DELETE ON bulk_act TO tipline_jobs;
