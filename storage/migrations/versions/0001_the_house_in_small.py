"""The house in small."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, UTCTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", UTCTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_subject_at"), "attempts", ["subject", "at"], unique=False)
    op.create_table(
        "consultations",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", Document, nullable=False),
        sa.Column("topic", Document, nullable=False),
        sa.Column("why", Document, nullable=False),
        sa.Column("decides", Document, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opens_at", UTCTime(), nullable=True),
        sa.Column("closes_at", UTCTime(), nullable=True),
        sa.Column("answer_on", sa.String(), nullable=True),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_consultations")),
        sa.UniqueConstraint("space_id", "slug", name=op.f("uq_consultations_space_id_slug")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "files",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_files")),
        sa.UniqueConstraint("space_id", "digest", name=op.f("uq_files_space_id_digest")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("participant_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("shown", sa.String(), nullable=True),
        sa.Column("tap", sa.String(), nullable=True),
        sa.Column("attached", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("retry_at", UTCTime(), nullable=True),
        sa.Column("heard_at", UTCTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("channel", "account", "key", name=op.f("uq_inbox_channel_account_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_inbox_space_id_participant_id_id"), "inbox", ["space_id", "participant_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_inbox_state_retry_at"),
        "inbox",
        ["state", "retry_at"],
        unique=False,
        sqlite_where=sa.text("error IS NOT NULL"),
        postgresql_where=sa.text("error IS NOT NULL"),
    )
    op.create_table(
        "organisers",
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_organisers")),
        sa.UniqueConstraint("space_id", "email", name=op.f("uq_organisers_space_id_email")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "participants",
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("area", sa.String(), nullable=True),
        sa.Column("groups", Document, nullable=False),
        sa.Column("current_id", sa.BigInteger(), nullable=True),
        sa.Column("address_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("stopped_at", UTCTime(), nullable=True),
        sa.Column("erased_at", UTCTime(), nullable=True),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_participants")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spaces",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", Document, nullable=False),
        sa.Column("languages", Document, nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=True),
        sa.Column("contact", Document, nullable=False),
        sa.Column("privacy", Document, nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spaces")),
        sa.UniqueConstraint("slug", name=op.f("uq_spaces_slug")),
    )
    op.create_table(
        "addresses",
        sa.Column("participant_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("unreachable", sa.String(), nullable=True),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "participant_id"],
            ["participants.space_id", "participants.id"],
            name=op.f("fk_addresses_space_id_participant_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_addresses")),
        sa.UniqueConstraint("channel", "account", "sender", name=op.f("uq_addresses_channel_account_sender")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_addresses_space_id_participant_id"), "addresses", ["space_id", "participant_id"], unique=False
    )
    op.create_table(
        "codes",
        sa.Column("consultation_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("area", sa.String(), nullable=True),
        sa.Column("group", sa.String(), nullable=True),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "consultation_id"],
            ["consultations.space_id", "consultations.id"],
            name=op.f("fk_codes_space_id_consultation_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_codes")),
        sa.UniqueConstraint("space_id", "code", name=op.f("uq_codes_space_id_code")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consents",
        sa.Column("participant_id", sa.BigInteger(), nullable=False),
        sa.Column("consultation_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("given_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "participant_id"],
            ["participants.space_id", "participants.id"],
            name=op.f("fk_consents_space_id_participant_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_consents")),
        sa.UniqueConstraint(
            "space_id",
            "participant_id",
            "consultation_id",
            name=op.f("uq_consents_space_id_participant_id_consultation_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "conversations",
        sa.Column("participant_id", sa.BigInteger(), nullable=False),
        sa.Column("phase_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("waiting", sa.String(), nullable=True),
        sa.Column("journal", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sent_at", UTCTime(), nullable=True),
        sa.Column("begun_at", UTCTime(), nullable=False),
        sa.Column("heard_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "participant_id"],
            ["participants.space_id", "participants.id"],
            name=op.f("fk_conversations_space_id_participant_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_conversations")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_conversations_space_id_participant_id"), "conversations", ["space_id", "participant_id"], unique=False
    )
    op.create_index(op.f("ix_conversations_space_id_phase_id"), "conversations", ["space_id", "phase_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("participant_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("due_at", UTCTime(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_at", UTCTime(), nullable=True),
        sa.Column("address_id", sa.BigInteger(), nullable=True),
        sa.Column("external", sa.String(), nullable=True),
        sa.Column("made_at", UTCTime(), nullable=False),
        sa.Column("sent_at", UTCTime(), nullable=True),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "participant_id"],
            ["participants.space_id", "participants.id"],
            name=op.f("fk_deliveries_space_id_participant_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_deliveries_space_id_participant_id_id"),
        "deliveries",
        ["space_id", "participant_id", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_deliveries_state_due_at"), "deliveries", ["state", "due_at"], unique=False)
    op.create_table(
        "phases",
        sa.Column("consultation_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("settings", Document, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "consultation_id"],
            ["consultations.space_id", "consultations.id"],
            name=op.f("fk_phases_space_id_consultation_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_phases")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "return_codes",
        sa.Column("participant_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("expires_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "participant_id"],
            ["participants.space_id", "participants.id"],
            name=op.f("fk_return_codes_space_id_participant_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_return_codes")),
        sa.UniqueConstraint("digest", name=op.f("uq_return_codes_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_return_codes_space_id_participant_id"), "return_codes", ["space_id", "participant_id"], unique=False
    )
    op.create_table(
        "sessions",
        sa.Column("organiser_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("expires_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "organiser_id"],
            ["organisers.space_id", "organisers.id"],
            name=op.f("fk_sessions_space_id_organiser_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballots",
        sa.Column("phase_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("cast_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "phase_id"],
            ["phases.space_id", "phases.id"],
            name=op.f("fk_ballots_space_id_phase_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_ballots")),
        sa.UniqueConstraint(
            "space_id", "phase_id", "subject", "voter", name=op.f("uq_ballots_space_id_phase_id_subject_voter")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contributions",
        sa.Column("phase_id", sa.BigInteger(), nullable=False),
        sa.Column("participant_id", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("fields", Document, nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("updated_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "participant_id"],
            ["participants.space_id", "participants.id"],
            name=op.f("fk_contributions_space_id_participant_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["space_id", "phase_id"],
            ["phases.space_id", "phases.id"],
            name=op.f("fk_contributions_space_id_phase_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_contributions")),
        sa.UniqueConstraint(
            "space_id", "conversation_id", "key", name=op.f("uq_contributions_space_id_conversation_id_key")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_contributions_space_id_participant_id"), "contributions", ["space_id", "participant_id"], unique=False
    )
    op.create_index(
        op.f("ix_contributions_space_id_phase_id_state_id"),
        "contributions",
        ["space_id", "phase_id", "state", "id"],
        unique=False,
    )
    op.create_table(
        "answers",
        sa.Column("phase_id", sa.BigInteger(), nullable=False),
        sa.Column("contribution_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=True),
        sa.Column("choice", sa.String(), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("folded", sa.String(), nullable=True),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "contribution_id"],
            ["contributions.space_id", "contributions.id"],
            name=op.f("fk_answers_space_id_contribution_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_answers_space_id_contribution_id"), "answers", ["space_id", "contribution_id"], unique=False
    )
    op.create_index(
        op.f("ix_answers_space_id_phase_id_question_choice"),
        "answers",
        ["space_id", "phase_id", "question", "choice"],
        unique=False,
    )
