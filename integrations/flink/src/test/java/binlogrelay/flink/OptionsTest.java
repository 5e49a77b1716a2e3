package binlogrelay.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.ValidationException;
import org.junit.jupiter.api.Test;

class OptionsTest {
  private static Settings with(String... more) {
    Map<String, String> all =
        new HashMap<>(Map.of("name-server", "a:9876;b:9876", "topic", "order-binlog", "group", "big-data"));
    for (int i = 0; i < more.length; i += 2) all.put(more[i], more[i + 1]);
    return Options.settings(Configuration.fromMap(all));
  }

  private static void refused(String says, String... more) {
    String said = assertThrows(ValidationException.class, () -> with(more)).getMessage();
    assertTrue(said.contains(says), said);
  }

  @Test
  void areFewByDefault() {
    Settings settings = with();
    assertEquals("*", settings.expression());
    assertTrue(settings.judgesGaps());
    assertEquals(Settings.Start.EARLIEST, settings.start());
    assertFalse(settings.bounded());
    assertEquals(30_000, settings.discoveryMillis());
  }

  @Test
  void nameTablesAsTheirTagsAreWritten() {
    Settings one = with("table", "shop.orders");
    assertEquals("shop.orders", one.expression());
    assertFalse(one.judgesGaps());
    assertEquals("a.b || shop.a%20b%7Cc", with("table", "shop.a b|c;a.b").expression());
    Settings reader = with("table", "shop.orders", "filter", "reader");
    assertEquals("*", reader.expression());
    assertTrue(reader.judgesGaps());
    assertEquals(Set.of("shop.orders"), reader.tags());
    refused("database.table", "table", "orders");
  }

  @Test
  void sayWhereReadingBeginsAndEnds() {
    assertEquals(Settings.Start.LATEST, with("scan.startup.mode", "latest").start());
    assertEquals(Settings.Start.GROUP, with("scan.startup.mode", "group").start());
    assertTrue(with("scan.bounded.mode", "latest-offset").bounded());
    Settings at = with("scan.startup.mode", "timestamp", "scan.startup.timestamp-millis", "1795427500000");
    assertEquals(1795427500000L, at.startTimestamp());
    refused("goes with", "scan.startup.mode", "timestamp");
    refused("goes with", "scan.startup.timestamp-millis", "1");
  }

  @Test
  void areRefusedWhereTheyAreNone() {
    refused("host:port", "name-server", "a");
    refused("'group' is empty", "group", " ");
    refused("oversize, partial, invalidText", "marks.accept", "partial;other");
    refused("go together", "access-key", "k");
    assertEquals(Set.of("partial", "invalidText"), with("marks.accept", "partial;invalidText").acceptedMarks());
  }

  /** The way of Flink SQL: found by its name, checked when it is used. */
  @Test
  void areThoseOfATable() {
    TableEnvironment flink = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    flink.getConfig().set("table.exec.source.cdc-events-duplicate", "true");
    String table =
        "CREATE TABLE %s (id BIGINT, committed TIMESTAMP_LTZ(3) METADATA FROM 'commit_time' VIRTUAL,"
            + " change_id STRING METADATA VIRTUAL, db STRING METADATA FROM 'value.database' VIRTUAL,"
            + " WATERMARK FOR committed AS committed - INTERVAL '5' SECOND, PRIMARY KEY (id) NOT ENFORCED)"
            + " WITH ('connector' = 'binlog-relay', 'name-server' = '%s', 'topic' = 't', 'group' = 'g',"
            + " 'table' = 'shop.orders', 'format' = 'canal-json')";
    flink.executeSql(table.formatted("good", "a:1"));
    String plan = flink.explainSql("SELECT * FROM good");
    assertTrue(plan.contains("watermark=[") && plan.contains("ChangelogNormalize"), plan);
    flink.executeSql(table.formatted("bad", "a"));
    Exception error = assertThrows(ValidationException.class, () -> flink.explainSql("SELECT * FROM bad"));
    assertTrue(String.valueOf(error.getCause()).contains("host:port"), error.toString());
  }
}
