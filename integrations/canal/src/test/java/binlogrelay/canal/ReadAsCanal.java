package binlogrelay.canal;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONWriter;
import com.alibaba.otter.canal.client.adapter.support.Dml;
import com.alibaba.otter.canal.client.adapter.support.MessageUtil;
import com.alibaba.otter.canal.client.rocketmq.RocketMQCanalConnector;
import com.alibaba.otter.canal.connector.core.consumer.CommonMessage;
import com.alibaba.otter.canal.protocol.FlatMessage;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A consumer as the users of Canal write them: its client's connector for RocketMQ, flat messages, acknowledged when they
 * are handled. Prints a line of JSON for each message: what the client gives, and under `adapter` the rows as canal-adapter
 * has them before its writers take them.
 *
 * <p>Arguments: name server, topic, group. Runs until it is killed.
 */
public final class ReadAsCanal {
  public static void main(String[] args) throws Exception {
    RocketMQCanalConnector connector = new RocketMQCanalConnector(args[0], args[1], args[2], 100, true);
    connector.connect();
    connector.subscribe();
    while (true) {
      for (FlatMessage message : connector.getFlatListWithoutAck(1L, TimeUnit.SECONDS)) {
        System.out.write((lineOf(message) + "\n").getBytes(StandardCharsets.UTF_8));
      }
      System.out.flush();
      connector.ack();
    }
  }

  private static String lineOf(FlatMessage message) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("type", message.getType());
    line.put("isDdl", message.getIsDdl());
    line.put("sql", message.getSql());
    line.put("table", message.getTable());
    line.put("pkNames", message.getPkNames());
    line.put("data", message.getData());
    line.put("old", message.getOld());
    line.put("adapter", rowsOfAdapter(message));
    return JSON.toJSONString(line, JSONWriter.Feature.WriteMapNullValue);
  }

  /** The adapter parses bodies into its CommonMessage, which has the fields of a FlatMessage. */
  private static List<Map<String, Object>> rowsOfAdapter(FlatMessage message) {
    String body = JSON.toJSONString(message, JSONWriter.Feature.WriteMapNullValue);
    Dml dml = MessageUtil.flatMessage2Dml("", "", JSON.parseObject(body, CommonMessage.class));
    return dml.getData();
  }
}
