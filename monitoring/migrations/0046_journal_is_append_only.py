from django.db import migrations

_POSTGRES = """
CREATE FUNCTION monitoring_journal_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT 1 FROM monitoring_streamhead WHERE stream = OLD.stream AND pruned >= OLD.sequence
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'entries of the journal are neither changed nor deleted';
END $$;
CREATE TRIGGER monitoring_journal_keep BEFORE UPDATE OR DELETE ON monitoring_journalentry
    FOR EACH ROW EXECUTE FUNCTION monitoring_journal_keep();
"""
_POSTGRES_BACK = """
DROP TRIGGER monitoring_journal_keep ON monitoring_journalentry;
DROP FUNCTION monitoring_journal_keep();
"""
_SQLITE = (
    """
CREATE TRIGGER monitoring_journal_keep_update BEFORE UPDATE ON monitoring_journalentry
BEGIN SELECT RAISE(ABORT, 'entries of the journal are neither changed nor deleted'); END
""",
    """
CREATE TRIGGER monitoring_journal_keep_delete BEFORE DELETE ON monitoring_journalentry
WHEN NOT EXISTS (SELECT 1 FROM monitoring_streamhead WHERE stream = OLD.stream AND pruned >= OLD.sequence)
BEGIN SELECT RAISE(ABORT, 'entries of the journal are neither changed nor deleted'); END
""",
)


def keep(apps, schema_editor):
    """Have the database refuse what would make the chain unprovable."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_POSTGRES)
    else:
        for statement in _SQLITE:
            schema_editor.execute(statement)


def let_be(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_POSTGRES_BACK)
    else:
        for name in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER monitoring_journal_keep_{name}")


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0045_journal")]
    operations = [migrations.RunPython(keep, let_be)]
