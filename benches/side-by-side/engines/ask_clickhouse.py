"""Asks ClickHouse, as chDB embeds it."""

import chdb
from question import COLUMNS, SQL, asked

container, objects, answer, threads = asked()
settings = {"max_threads": threads, "engine_file_truncate_on_insert": 1}
if container == "parquet":
    structure = ", ".join(f"`{name}` {kind}" for name, _, kind in COLUMNS)
    records = f"file('{objects}', 'Parquet', '{structure}')"
else:
    # The header is read as names, and its names have hyphens.
    structure = ", ".join(f"`{name.replace('_', '-')}` {kind}" for name, _, kind in COLUMNS)
    read = f"file('{objects}', 'CustomSeparatedWithNames', '{structure}')"
    records = f"(SELECT *, `log-status` AS log_status FROM {read})"
    settings |= {"format_custom_field_delimiter": "' '", "format_custom_escaping_rule": "'CSV'"}
told = ", ".join(f"{name} = {value}" for name, value in settings.items())
chdb.query(f"INSERT INTO FUNCTION file('{answer}', 'Parquet') {SQL.format(records=records)} SETTINGS {told}")
