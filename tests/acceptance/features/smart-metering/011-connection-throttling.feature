Feature: 011 Only so many meters behind one base station and cell are visited at a time; the others wait

  Scenario: Twelve meters at once
    Given 4 meters "TEST102400000111" behind base station "1" and cell "1"
    And 1 meter "TEST102400000112" behind base station "1" and cell "2"
    And 1 meter "TEST102400000113" behind base station "2" and cell "3"
    And 6 meters "TEST102400000114" whose place in the network is not known
    When GetAdministrativeStatus is asked of all of them at once
    Then all of them have answered

  Scenario: A bundle
    Given 1 meter "TEST102400000115" behind base station "2" and cell "3"
    When Bundle is asked of "TEST1024000001151" with
      | path                                     | value |
      | Actions/1/GetAdministrativeStatusRequest | {}    |
    Then the answer tells "ON"
