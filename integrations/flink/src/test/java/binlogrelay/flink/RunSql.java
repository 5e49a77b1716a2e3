package binlogrelay.flink;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** Runs a script of Flink SQL in a Flink of this process, and ends when its jobs have. For test/e2e/flink.test.ts. */
final class RunSql {
  private static final Pattern END = Pattern.compile(";\\s*\\R");
  private static final Pattern SET = Pattern.compile("SET '(.*)' = '(.*)'", Pattern.DOTALL);

  private RunSql() {}

  public static void main(String[] args) throws Exception {
    TableEnvironment flink = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    for (String part : END.split(Files.readString(Path.of(args[0])) + "\n")) {
      String sql = part.lines().filter(line -> !line.startsWith("--")).reduce("", (all, line) -> all + line + "\n").trim();
      Matcher set = SET.matcher(sql);
      if (sql.isEmpty()) continue;
      if (set.matches()) flink.getConfig().set(set.group(1), set.group(2));
      else if (sql.startsWith("INSERT") || sql.startsWith("EXECUTE")) flink.executeSql(sql).await();
      else flink.executeSql(sql);
    }
    // Threads of Flink and of the client may linger.
    System.exit(0);
  }
}
