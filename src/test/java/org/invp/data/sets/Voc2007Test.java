package org.invp.data.sets;

import static org.invp.data.MultiLabelDataset.Target.ABSENT;
import static org.invp.data.MultiLabelDataset.Target.DIFFICULT;
import static org.invp.data.MultiLabelDataset.Target.PRESENT;
import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.invp.data.MultiLabelDataset;
import org.invp.data.Split;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Voc2007Test {
  private static final String ROOT = "VOCdevkit/VOC2007/";
  private static final int CAR = Voc2007.CLASSES.indexOf("car");
  private static final int HORSE = Voc2007.CLASSES.indexOf("horse");
  private static final int PERSON = Voc2007.CLASSES.indexOf("person");

  @TempDir Path folder;
  private Layout layout;

  @BeforeEach
  void writeThreeImages() {
    layout = new Layout(folder);
    layout.text(ROOT + "ImageSets/Main/trainval.txt", "000005\n000007\n");
    layout.text(ROOT + "ImageSets/Main/test.txt", "000001\n");
    add("000005", object("person", 0) + object("horse", 1) + object("person", 1));
    add("000007", object("car", 1));
    add("000001", object("horse", 1) + object("horse", 0));
  }

  private void add(String number, String objects) {
    layout.image(ROOT + "JPEGImages/" + number + ".jpg");
    annotate(
        number,
        """
        <annotation>
        	<folder>VOC2007</folder>
        	<filename>%s.jpg</filename>
        	<source>
        		<database>The VOC2007 Database</database>
        		<annotation>PASCAL VOC2007</annotation>
        		<image>flickr</image>
        		<flickrid>325991873</flickrid>
        	</source>
        	<owner>
        		<flickrid>archintent louisville</flickrid>
        		<name>?</name>
        	</owner>
        	<size>
        		<width>500</width>
        		<height>375</height>
        		<depth>3</depth>
        	</size>
        	<segmented>0</segmented>
        %s</annotation>
        """
            .formatted(number, objects));
  }

  private void annotate(String number, String xml) {
    layout.text(ROOT + "Annotations/" + number + ".xml", xml);
  }

  private static String object(String name, int difficult) {
    return """
    	<object>
    		<name>%s</name>
    		<pose>Unspecified</pose>
    		<truncated>0</truncated>
    		<difficult>%d</difficult>
    		<bndbox>
    			<xmin>263</xmin>
    			<ymin>211</ymin>
    			<xmax>324</xmax>
    			<ymax>339</ymax>
    		</bndbox>
    		<part>
    			<name>head</name>
    			<bndbox>
    				<xmin>264</xmin>
    				<ymin>212</ymin>
    				<xmax>300</xmax>
    				<ymax>220</ymax>
    			</bndbox>
    		</part>
    	</object>
    """
        .formatted(name, difficult);
  }

  private void assertTrainRefused(Object... words) {
    assertInvalid(() -> Voc2007.open(folder, Split.TRAIN), words);
  }

  @Test
  void anImageShowsWhatIsNotOnlyDifficult() {
    MultiLabelDataset train = Voc2007.open(folder, Split.TRAIN);
    assertEquals(2, train.size());
    assertEquals(20, train.classes());
    assertEquals(PRESENT, train.target(0, PERSON));
    assertEquals(DIFFICULT, train.target(0, HORSE));
    assertEquals(ABSENT, train.target(0, CAR));
    assertEquals(DIFFICULT, train.target(1, CAR));
    assertArrayEquals(new int[] {PERSON, CAR}, train.labels());
    assertEquals(PRESENT, Voc2007.open(folder, Split.TEST).target(0, HORSE));
  }

  @Test
  void aSubsetKeepsItsTargets() {
    MultiLabelDataset first = Voc2007.open(folder, Split.TRAIN).subset(1);
    assertEquals(1, first.size());
    assertEquals(DIFFICULT, first.target(0, HORSE));
  }

  @Test
  void takesTheInnerFoldersToo() {
    assertEquals(2, Voc2007.open(layout.at("VOCdevkit"), Split.TRAIN).size());
    assertEquals(2, Voc2007.open(layout.at("VOCdevkit/VOC2007"), Split.TRAIN).size());
  }

  @Test
  void namesWhatIsMissing() {
    layout.delete(ROOT + "JPEGImages/000007.jpg");
    assertTrainRefused(
        layout.at(ROOT + "JPEGImages/000007.jpg"), "no such file", "trainval.txt, line 2");
    layout.delete(ROOT + "Annotations/000007.xml");
    assertTrainRefused(layout.at(ROOT + "Annotations/000007.xml"), "no such file");
    layout.delete(ROOT + "ImageSets/Main/test.txt");
    assertInvalid(
        () -> Voc2007.open(folder, Split.TEST), "ImageSets/Main/test.txt", "VOCdevkit/VOC2007");
  }

  @Test
  void refusesWrongXml() {
    annotate("000005", "<annotation><object><name>person</name>");
    assertTrainRefused("000005.xml, line 1", "not the XML");
    annotate("000005", "");
    assertTrainRefused("000005.xml");
    annotate("000005", "<html></html>");
    assertTrainRefused("000005.xml", "<html>", "<annotation>");
    annotate("000005", "<annotation></annotation>");
    assertTrainRefused("000005.xml", "no object");
    add("000005", object("unicorn", 0));
    assertTrainRefused("000005.xml", "unicorn", "aeroplane");
    add("000005", object("person", 2));
    assertTrainRefused("000005.xml", "difficult is \"2\"");
  }

  @Test
  void doesNotFollowExternalEntities() {
    layout.text("secret.txt", "person");
    annotate(
        "000005",
        """
        <?xml version="1.0"?>
        <!DOCTYPE annotation [<!ENTITY who SYSTEM "%s">]>
        <annotation><object><name>&who;</name><difficult>0</difficult></object></annotation>
        """
            .formatted(layout.at("secret.txt").toUri()));
    assertTrainRefused("000005.xml");
  }

  @Test
  void refusesANumberThatLeadsOutOfTheFolder() {
    layout.text(ROOT + "ImageSets/Main/trainval.txt", "../../../000005\n");
    assertTrainRefused("trainval.txt, line 1", "number of an image");
  }
}
