import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/** A name node and a data node until standard input ends; prints the address. usage: Hdfs.java FOLDER */
public class Hdfs {
  public static void main(String[] args) throws Exception {
    Configuration configuration = new Configuration();
    configuration.set("dfs.webhdfs.enabled", "true");
    configuration.set("dfs.permissions.enabled", "false");
    File folder = new File(args[0]);
    try (MiniDFSCluster cluster = new MiniDFSCluster.Builder(configuration, folder).numDataNodes(1).build()) {
      cluster.waitActive();
      System.out.println("up " + cluster.getFileSystem().getUri() + " http " + cluster.getHttpUri(0));
      while (System.in.read() >= 0) {}
    }
  }
}
