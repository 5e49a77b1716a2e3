package binlogrelay.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.util.Collector;
import org.apache.rocketmq.common.message.MessageExt;
import org.junit.jupiter.api.Test;

/** Bodies that the relay's own code has written, read by Flink's own canal-json. */
class MessagesTest {
  private static final DataType ORDERS =
      DataTypes.ROW(
          DataTypes.FIELD("id", DataTypes.DECIMAL(20, 0)),
          DataTypes.FIELD("status", DataTypes.STRING()),
          DataTypes.FIELD("amount", DataTypes.DECIMAL(12, 2)),
          DataTypes.FIELD("note", DataTypes.STRING()));
  private static final DataType NUMBERS =
      DataTypes.ROW(
          DataTypes.FIELD("id", DataTypes.INT()),
          DataTypes.FIELD("tu", DataTypes.SMALLINT()),
          DataTypes.FIELD("i", DataTypes.BIGINT()),
          DataTypes.FIELD("b", DataTypes.BIGINT()),
          DataTypes.FIELD("bu", DataTypes.DECIMAL(20, 0)),
          DataTypes.FIELD("d", DataTypes.STRING()),
          DataTypes.FIELD("f", DataTypes.FLOAT()),
          DataTypes.FIELD("g", DataTypes.DOUBLE()),
          DataTypes.FIELD("bt", DataTypes.BIGINT()),
          DataTypes.FIELD("y", DataTypes.SMALLINT()));
  private static final DataType TEXTS =
      DataTypes.ROW(
          DataTypes.FIELD("id", DataTypes.STRING()),
          DataTypes.FIELD("g", DataTypes.STRING()),
          DataTypes.FIELD("bn", DataTypes.BYTES()),
          DataTypes.FIELD("e", DataTypes.STRING()),
          DataTypes.FIELD("st", DataTypes.STRING()));

  /** Emits all messages that `tag` has, or all, in a row; returns what comes out. */
  private static List<RowData> emitted(
      Settings settings, DataType type, List<Metadata> columns, List<MessageExt> messages) throws Exception {
    MessageEmitter emitter =
        new MessageEmitter(settings, Fixtures.canalJson(type), columns, Fixtures.metrics());
    Fixtures.Output output = new Fixtures.Output();
    QueueState queue = Fixtures.queue();
    for (MessageExt message : messages) emitter.emitRecord(new Pulled(message, message.getQueueOffset() + 1), output, queue);
    assertEquals(messages.get(messages.size() - 1).getQueueOffset() + 1, queue.split().offset());
    return output.rows;
  }

  private static List<MessageExt> messages(String what) throws Exception {
    return Fixtures.lines().stream().filter(line -> line.what().equals(what)).map(Fixtures.Line::message).toList();
  }

  private static Settings of(String tag) {
    return Fixtures.settings(Set.of(tag), false, Set.of());
  }

  private static String text(RowData row, int fields) {
    StringBuilder text = new StringBuilder(row.getRowKind().shortString());
    for (int i = 0; i < fields; i++)
      text.append(' ').append(row.isNullAt(i) ? "NULL" : i == 0 || i == 2 ? row.getDecimal(i, i == 0 ? 20 : 12, i) : row.getString(i));
    return text.toString();
  }

  @Test
  void rowsComeWithWhatTheyWereBefore() throws Exception {
    List<String> rows =
        emitted(of("fxs.orders"), ORDERS, List.of(), messages("rows")).stream().map(row -> text(row, 4)).toList();
    assertEquals(
        List.of(
            "+I 1 new 10.00 NULL",
            "+I 2 new 20.50 请尽快",
            "+I 3 new 0.01 quote \" and \\"),
        rows.subList(0, 3));
    assertTrue(rows.contains("-U 1 new 10.00 NULL") && rows.contains("+U 1 paid 10.00 NULL"), rows.toString());
    assertTrue(rows.contains("-U 1 paid 10.00 NULL") && rows.contains("+U 1 paid 11.00 x"), rows.toString());
    // Every row that is taken back is one that is there.
    List<String> there = new ArrayList<>();
    for (String row : rows) {
      if (row.startsWith("+")) there.add(row.substring(3));
      else assertTrue(there.remove(row.substring(3)), row);
    }
  }

  @Test
  void valuesOfEveryKindFit() throws Exception {
    List<RowData> numbers = emitted(of("fxv.numbers"), NUMBERS, List.of(), messages("values"));
    RowData first = numbers.get(0);
    assertEquals(255, first.getShort(1));
    assertEquals(4294967295L, first.getLong(2));
    assertEquals(Long.MIN_VALUE, first.getLong(3));
    assertEquals("18446744073709551615", first.getDecimal(4, 20, 0).toString());
    assertEquals(
        "-12345678901234567890123456789012345.123456789012345678901234567890", first.getString(5).toString());
    assertEquals(1.1f, first.getFloat(6));
    assertEquals(-1e-300, first.getDouble(7));
    assertEquals(0b101010101, first.getLong(8));
    assertEquals(2155, first.getShort(9));
    assertEquals(0, numbers.get(1).getShort(9));
    assertTrue(numbers.get(2).isNullAt(4));

    RowData text = emitted(of("fxv.texts"), TEXTS, List.of(), messages("values")).get(0);
    assertEquals("k\"1", text.getString(0).toString());
    assertEquals("请尽快", text.getString(1).toString());
    assertEquals("[1, 0, 0, 0]", Arrays.toString(text.getBinary(2)));
    assertEquals("paid a,c", text.getString(3) + " " + text.getString(4));
  }

  /** By the connector, and type CREATE by the format alone as well. */
  @Test
  void messagesWithoutRowsGiveNone() throws Exception {
    assertEquals(
        List.of(), emitted(Fixtures.settings(Set.of(), false, Set.of()), ORDERS, List.of(), messages("without rows")));
    DeserializationSchema<RowData> format = Fixtures.canalJson(ORDERS);
    List<RowData> rows = new ArrayList<>();
    Collector<RowData> collector =
        new Collector<>() {
          @Override
          public void collect(RowData row) {
            rows.add(row);
          }

          @Override
          public void close() {
            // Nothing is held.
          }
        };
    int passed = 0;
    for (MessageExt message : messages("without rows")) {
      if (!message.getUserProperty("kind").equals("CREATE")) continue;
      format.deserialize(message.getBody(), collector);
      passed++;
    }
    assertEquals(4, passed);
    assertEquals(List.of(), rows);
  }

  @Test
  void columnsTellWhereARowIsFrom() throws Exception {
    List<Metadata> columns = List.of(Metadata.values());
    List<RowData> rows = emitted(of("fxs.orders"), ORDERS, columns, messages("rows"));
    int change = ORDERS.getChildren().size();
    Map<String, List<String>> kinds = new HashMap<>();
    for (RowData row : rows)
      kinds.computeIfAbsent(row.getString(change).toString(), id -> new ArrayList<>()).add(row.getRowKind().shortString());
    String server = "66add94e-e731-11f1-b77a-02fc00000001";
    assertEquals(List.of("+I"), kinds.get(server + ":7#0"));
    assertEquals(List.of("-U", "+U"), kinds.get(server + ":8#1"));
    assertTrue(kinds.containsKey(server + ":10#0+"), kinds.keySet().toString());
    RowData row = rows.get(rows.size() - 1);
    assertEquals(server + ":16", row.getString(change + 1).toString());
    assertTrue(row.getTimestamp(change + 2, 3).getMillisecond() > 1.7e12);
    assertEquals("lane-0 0000abcd", row.getString(change + 3) + " " + row.getString(change + 4));
    assertEquals(1, row.getLong(change + 5));
    assertEquals(12, row.getLong(change + 6));
    assertTrue(row.isNullAt(change + 7) && row.isNullAt(change + 8));
    assertEquals("fxs.orders broker-a:3", row.getString(change + 9) + " " + row.getString(change + 10));
    assertEquals(11, row.getLong(change + 11));
  }

  @Test
  void columnsOfTheBodyNeedCanalJson() throws Exception {
    MessageExt message = changed(messages("rows").get(0), "format", "debezium-json");
    String said =
        assertThrows(
                StopException.class,
                () -> emitted(of("fxs.orders"), ORDERS, List.of(Metadata.CHANGE_ID), List.of(message)))
            .getMessage();
    assertTrue(said.contains("debezium-json") && said.contains("change_id"), said);
  }

  @Test
  void markedRowsStopTheJobUntilTheyAreAccepted() throws Exception {
    List<MessageExt> partial = messages("partial");
    String said = assertThrows(StopException.class, () -> emitted(of("fxb.a"), ORDERS, List.of(), partial)).getMessage();
    assertTrue(said.contains("marked 'partial'") && said.contains("'marks.accept'"), said);
    Settings accepts = Fixtures.settings(Set.of("fxb.a"), true, Set.of("partial"));
    assertEquals(3, emitted(accepts, ORDERS, List.of(), partial).size());
    // Of other tables they are nobody's business.
    assertEquals(0, emitted(of("fxb.other"), ORDERS, List.of(), partial).size());

    MessageExt unknown = changed(messages("rows").get(0), "marks", "partial,future");
    Settings all = Fixtures.settings(Set.of(), false, Options.KNOWN_MARKS);
    said = assertThrows(StopException.class, () -> emitted(all, ORDERS, List.of(), List.of(unknown))).getMessage();
    assertTrue(said.contains("'future'") && said.contains("does not know"), said);
  }

  @Test
  void repeatsAreDroppedAndGapsStopTheJob() throws Exception {
    List<MessageExt> rows = messages("rows");
    int once = emitted(of("fxs.orders"), ORDERS, List.of(), rows).size();
    List<MessageExt> twice = new ArrayList<>(rows);
    twice.addAll(rows);
    assertEquals(once, emitted(of("fxs.orders"), ORDERS, List.of(), twice).size());

    List<MessageExt> without = new ArrayList<>(rows);
    without.remove(4);
    String said =
        assertThrows(StopException.class, () -> emitted(of("fxs.orders"), ORDERS, List.of(), without)).getMessage();
    assertTrue(said.contains("message 6 of epoch 1 came where 5 was due"), said);
    assertTrue(said.contains("order-binlog") && said.contains("broker-a:3"), said);
    // With a filter at the broker nobody can tell.
    emitted(Fixtures.settings(Set.of("fxs.orders"), true, Set.of()), ORDERS, List.of(), without);
  }

  @Test
  void whatIsNoMessageOfTheRelayIsRefused() throws Exception {
    MessageExt row = messages("rows").get(0);
    for (String[] wrong :
        new String[][] {
          {"stream", ""}, {"epoch", "x"}, {"sequence", "-1"}, {"kind", "MERGE"}, {"rows", ""},
        }) {
      MessageExt message = changed(row, wrong[0], wrong[1]);
      String said =
          assertThrows(StopException.class, () -> emitted(of("fxs.orders"), ORDERS, List.of(), List.of(message)))
              .getMessage();
      assertTrue(said.contains("no message of binlog-relay"), said);
    }
    MessageExt broken = Fixtures.message(row.getProperties(), "{".getBytes(), 0);
    String said =
        assertThrows(StopException.class, () -> emitted(of("fxs.orders"), ORDERS, List.of(), List.of(broken)))
            .getMessage();
    assertTrue(said.contains("flink-ddl"), said);
  }

  private static MessageExt changed(MessageExt message, String name, String value) {
    Map<String, String> properties = new HashMap<>(message.getProperties());
    properties.put(name, value);
    return Fixtures.message(properties, message.getBody(), message.getQueueOffset());
  }
}
